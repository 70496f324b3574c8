"""What can be known of a history now, from the rows that have arrived: what the truth is told of.

An attempt is known by its slices: it starts with the first that has arrived, and is IN_FLIGHT until
its end row has. A run is known by its attempts, and a definition by its versions.
"""

from dataclasses import replace

import numpy as np

from simulator.clock import NEVER_US, Bools
from simulator.delivery.arrivals import Arrivals
from simulator.frame import chosen
from simulator.history import History
from simulator.runs.outcomes import Status
from simulator.runs.runs import RunIds


def known_history(history: History, arrivals: Arrivals) -> tuple[History, Bools]:
    """The history as far as it is known, and which of its runs are."""
    deliveries, pieces = history.deliveries, arrivals.attempt_slices
    here = np.flatnonzero(arrivals.attempt_rows.before(deliveries, pieces.size))
    arrived = chosen(pieces, here)
    count = len(history.attempts.run)
    start_us = np.full(count, NEVER_US, dtype=np.int64)
    np.minimum.at(start_us, arrived.owner, arrived.start_us)
    ended = np.zeros(count, dtype=bool)
    ended[arrived.owner[arrived.last]] = True
    seen = start_us < NEVER_US
    attempts = replace(
        history.attempts,
        start_us=start_us,
        status=np.where(ended, history.attempts.status, Status.IN_FLIGHT),
    )
    attempts = chosen(attempts, seen)
    traced = np.zeros(history.runs.size, dtype=bool)
    traced[attempts.run] = True
    position = np.cumsum(traced) - 1
    runs = chosen(history.runs, traced)
    attempts = replace(attempts, run=position[attempts.run])
    first_us = np.full(runs.size, NEVER_US, dtype=np.int64)
    np.minimum.at(first_us, attempts.run, attempts.start_us)
    versions = history.versions.kept(
        arrivals.versions.before(deliveries, len(history.versions.job))
    )
    known = replace(
        history,
        versions=versions,
        runs=replace(runs, start_us=first_us),
        version=versions.in_force(runs.job, first_us),
        attempts=attempts,
        source_task_run=history.source_task_run[traced],
        ids=RunIds(history.ids.run[traced], history.ids.job[traced], history.ids.task_run),
    )
    return known, traced
