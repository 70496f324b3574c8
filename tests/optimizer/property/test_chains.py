"""Chains of jobs held against what a walk over every path says."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from optimizer.chains import (
    ExpectedRuns,
    JobGraph,
    Waits,
    done_last,
    latest_starts,
    reached,
    walked,
)

Edges = list[tuple[int, int]]


def _graph(jobs: int, edges: Edges) -> JobGraph:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return JobGraph(jobs, ends[:, 0], ends[:, 1])


def _after(jobs: int, edges: Edges) -> list[set[int]]:
    """What comes after each job, by walking."""
    found = []
    for job in range(jobs):
        seen: set[int] = set()
        todo = [after for before, after in edges if before == job]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo += [after for before, after in edges if before == one]
        found.append(seen)
    return found


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool = False) -> tuple[int, Edges]:
    jobs = draw(st.integers(1, 12))
    ends = st.integers(0, jobs - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=24))
    if acyclic:
        renamed = draw(st.permutations(range(jobs)))
        edges = [(renamed[min(e)], renamed[max(e)]) for e in edges if e[0] != e[1]]
    return jobs, edges


@given(graphs(), st.data())
def test_what_is_reached_is_what_a_walk_finds(
    graph: tuple[int, Edges], data: st.DataObject
) -> None:
    jobs, edges = graph
    after = _after(jobs, edges)
    label = data.draw(st.lists(st.integers(-1, 4), min_size=jobs, max_size=jobs))
    found = reached(_graph(jobs, edges), np.array(label))
    assert found.tolist() == [len({label[j] for j in those} - {-1}) for those in after]
    everyone = reached(_graph(jobs, edges), np.arange(jobs))
    assert everyone.tolist() == [len(those) for those in after]
    in_cycle = _graph(jobs, edges).is_in_cycle
    assert in_cycle.tolist() == [job in after[job] for job in range(jobs)]


def test_labels_beyond_one_block_are_counted() -> None:
    jobs = 20_001
    star = JobGraph(jobs, np.zeros(jobs - 1, dtype=np.int64), np.arange(1, jobs))
    found = reached(star, np.arange(jobs))
    assert found[0] == jobs - 1
    assert not found[1:].any()


def test_a_graph_of_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert reached(JobGraph(0, nothing, nothing), nothing).tolist() == []
    assert reached(JobGraph(2, nothing, nothing), np.arange(2)).tolist() == [0, 0]
    assert done_last(JobGraph(2, nothing, nothing), np.zeros(0)).tolist() == [-1, -1]


def test_edges_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="none of the 2"):
        _graph(2, [(0, 2)])
    with pytest.raises(ValueError, match="two arrays"):
        JobGraph(2, np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64))


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, Edges, Waits, ExpectedRuns]:
    jobs, edges = draw(graphs(acyclic=True))
    minutes = st.integers(0, 600).map(lambda m: 60.0 * m)

    def of_edges(values: st.SearchStrategy[float]) -> NDArray[np.float64]:
        return np.array(draw(st.lists(values, min_size=len(edges), max_size=len(edges))))

    clocked = draw(st.lists(st.booleans(), min_size=jobs, max_size=jobs))
    waits = Waits(
        of_edges(minutes),
        of_edges(minutes),
        np.array([clocked[after] for _, after in edges], dtype=np.bool_),
    )
    rows = []
    for job in range(jobs):
        starts = sorted(draw(st.sets(st.integers(0, 2_000), max_size=4)))
        for start in starts:
            due = draw(st.none() | st.integers(0, 4_000))
            work = draw(st.integers(0, 300))
            rows.append((job, 60.0 * start, 60.0 * work, np.nan if due is None else 60.0 * due))
    table = np.array(rows).reshape(-1, 4)
    return jobs, edges, waits, ExpectedRuns(table[:, 0].astype(np.int64), *table.T[1:])


@given(plans())
def test_latest_starts_are_those_of_every_path(
    plan: tuple[int, Edges, Waits, ExpectedRuns],
) -> None:
    """A run's latest start is the least over all ways to a deadline, walked one by one."""
    jobs, edges, waits, runs = plan
    found = latest_starts(_graph(jobs, edges), waits, runs)

    def following(run: int, edge: int) -> int | None:
        after, is_clocked = edges[edge][1], waits.is_clocked[edge]

        def first(one: int) -> int | None:
            free = runs.start_seconds[one] + (waits.ready_seconds[edge] if is_clocked else 0.0)
            can = [
                other
                for other in np.flatnonzero(runs.job == after)
                if runs.start_seconds[other] >= free
            ]
            return int(can[0]) if can else None

        follows = first(run)
        is_followed_by_own = run + 1 < len(runs.job) and runs.job[run + 1] == runs.job[run]
        if follows is None or (is_followed_by_own and first(run + 1) == follows):
            return None
        return follows

    def latest(run: int) -> float:
        values = [runs.due_seconds[run] - runs.work_seconds[run]]
        for edge, (before, _) in enumerate(edges):
            follows = following(run, edge) if before == runs.job[run] else None
            if follows is None or np.isnan(latest(follows)):
                continue
            needed = latest(follows) - waits.wait_seconds[edge]
            if waits.is_clocked[edge]:
                needed = min(latest(follows), runs.start_seconds[follows])
            values.append(needed - waits.ready_seconds[edge])
        finite = [value for value in values if not np.isnan(value)]
        return min(finite, default=np.nan)

    by_walking = np.array([latest(run) for run in range(len(runs.job))])
    np.testing.assert_allclose(found.start_seconds, by_walking, rtol=0, atol=1e-6)
    for run, by in enumerate(found.by_run):
        assert by == -1 or runs.start_seconds[by] >= runs.start_seconds[run]


def test_a_deadline_goes_back_along_the_chain_by_work_and_waits() -> None:
    """Worked by hand: load (60 min, fires after 60) -> shape (30 min, 5 s later) -> report at 05:00 by
    its clock, 30 min, due at 06:00 ."""
    hour = 3600.0
    graph = _graph(3, [(0, 1), (1, 2)])
    waits = Waits(np.array([hour, hour / 2]), np.array([5.0, 2 * hour]), np.array([False, True]))
    runs = ExpectedRuns(
        np.array([0, 1, 2]),
        np.array([hour, 2 * hour + 5, 5 * hour]),
        np.array([1.5 * hour, hour / 2, hour / 2]),
        np.array([np.nan, np.nan, 6 * hour]),
    )
    found = latest_starts(graph, waits, runs)
    # The report can start until 05:30, but starts at 05:00 and reads what is there.
    assert found.start_seconds.tolist() == [3.5 * hour - 5, 4.5 * hour, 5.5 * hour]
    assert found.by_run.tolist() == [1, 2, -1]


@given(graphs(), st.data())
def test_a_cycle_ends_what_is_carried_back(graph: tuple[int, Edges], data: st.DataObject) -> None:
    jobs, edges = graph
    count = len(edges)
    seconds = st.lists(st.floats(0, 1e5), min_size=count, max_size=count).map(np.array)
    waits = Waits(data.draw(seconds), data.draw(seconds), np.zeros(count, dtype=np.bool_))
    runs = ExpectedRuns(
        np.arange(jobs), np.arange(jobs, dtype=float), np.ones(jobs), np.full(jobs, 1e6)
    )
    found = latest_starts(_graph(jobs, edges), waits, runs)
    assert (found.start_seconds <= 1e6 - 1).all()
    one = _graph(jobs, edges)
    before = done_last(one, waits.wait_seconds)
    for job, way in enumerate(walked(before, 64).tolist()):
        places = [job, *(place for place in way if place >= 0)]
        assert len(set(places)) == len(places), "no way comes back to where it was"
        for after, earlier in pairwise(places):
            assert (earlier, after) in edges
            assert one.group[earlier] != one.group[after]


def test_what_is_waited_for_least_is_done_last() -> None:
    graph = _graph(4, [(0, 3), (1, 3), (2, 3)])
    assert done_last(graph, np.array([300.0, 20.0, np.nan])).tolist() == [-1, -1, -1, 1]
    assert walked(np.array([-1, 0, 1, 2]), 2).tolist() == [[-1, -1], [0, -1], [1, 0], [2, 1]]
