"""Tasks that wait for each other, some of them at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from graphlib import TopologicalSorter
from threading import Condition, Lock
from typing import TypeVar

AT_ONCE = 2
"""A step waits as long for the log, the plan and the commit as it computes: a second one fills the
gaps. With more of them memory grows faster than time shrinks."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_side_by_side(
    needs: Mapping[Task, Iterable[Task]],
    run: Callable[[Task], Result],
    at_once: int = AT_ONCE,
) -> dict[Task, Result]:
    """Do each task once all that it needs is done, `at_once` at a time; the results in their order.

    Where one raises, nothing more is begun, and its error is raised when what was begun has ended.
    """
    waiting = TopologicalSorter(needs)
    waiting.prepare()
    results: dict[Task, Result] = {}
    begun: dict[Future[Result], Task] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while waiting.is_active():
                begun |= {pool.submit(run, task): task for task in waiting.get_ready()}
                for future in wait(begun, return_when=FIRST_COMPLETED).done:
                    task = begun.pop(future)
                    results[task] = future.result()
                    waiting.done(task)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {task: results[task] for task in needs}


class Places:
    """Room for `AT_ONCE` tasks in the memory of this process: one that fills it has all of it."""

    def __init__(self) -> None:
        self._free = AT_ONCE
        self._turn = Lock()
        self._freed = Condition()

    @contextmanager
    def taken(self, *, all_of_them: bool) -> Iterator[None]:
        """Wait for a place, or for all of them, and have it until the block ends."""
        places = AT_ONCE if all_of_them else 1
        # Who waits for all of them is not overtaken by those that want one.
        with self._turn, self._freed:
            self._freed.wait_for(lambda: self._free >= places)
            self._free -= places
        try:
            yield
        finally:
            with self._freed:
                self._free += places
                self._freed.notify_all()
