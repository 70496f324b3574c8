"""Tasks that wait for each other, some of them at a time."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TypeVar

AT_ONCE = 2
"""A step waits as long for the log, the plan and the commit as it computes: a second one fills the
gaps. With more of them memory grows faster than time shrinks."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def abreast(
    needs: Mapping[Task, Iterable[Task]],
    do: Callable[[Task], Result],
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
                begun |= {pool.submit(do, task): task for task in waiting.get_ready()}
                for future in wait(begun, return_when=FIRST_COMPLETED).done:
                    task = begun.pop(future)
                    results[task] = future.result()
                    waiting.done(task)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {task: results[task] for task in needs}
