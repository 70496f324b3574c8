"""Tasks side by side: each after what it needs, never more at a time than asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.side_by_side import AT_ONCE, Places, run_side_by_side


@st.composite
def needs(draw: st.DrawFn) -> dict[int, list[int]]:
    """An acyclic graph: each task needs some of those before it."""
    size = draw(st.integers(0, 8))
    return {
        task: draw(st.lists(st.integers(0, task - 1), unique=True)) if task else []
        for task in range(size)
    }


@given(needs(), st.integers(1, 3))
def test_each_task_is_done_once_and_after_what_it_needs(
    graph: dict[int, list[int]], at_once: int
) -> None:
    lock = threading.Lock()
    ended: list[int] = []
    running = most = 0

    def do(task: int) -> str:
        nonlocal running, most
        with lock:
            assert set(graph[task]) <= set(ended)
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
            ended.append(task)
        return f"done {task}"

    assert run_side_by_side(graph, do, at_once) == {task: f"done {task}" for task in graph}
    assert sorted(ended) == list(graph)
    assert most <= at_once


def test_two_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)
    assert list(run_side_by_side({"a": [], "b": []}, lambda task: both.wait() >= 0)) == ["a", "b"]


def test_after_an_error_nothing_more_is_begun() -> None:
    begun = []

    def do(task: str) -> None:
        begun.append(task)
        raise ValueError(task)

    with pytest.raises(ValueError, match="a"):
        run_side_by_side({"a": [], "b": ["a"], "c": [], "d": []}, do, at_once=1)
    assert begun[0] == "a"
    assert "b" not in begun


@given(st.lists(st.booleans(), max_size=8))
def test_who_fills_the_memory_has_it_alone(fills: list[bool]) -> None:
    places = Places()
    lock = threading.Lock()
    inside: list[bool] = []
    ended_tasks = 0

    def do(all_of_them: bool) -> None:
        nonlocal ended_tasks
        with places.taken(all_of_them=all_of_them):
            with lock:
                inside.append(all_of_them)
                assert len(inside) <= (1 if any(inside) else AT_ONCE)
            with lock:
                inside.remove(all_of_them)
                ended_tasks += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(do, fills))
    assert ended_tasks == len(fills)


def test_an_error_gives_its_place_back() -> None:
    places = Places()
    with pytest.raises(ZeroDivisionError), places.taken(all_of_them=True):
        raise ZeroDivisionError
    with places.taken(all_of_them=True):
        pass
