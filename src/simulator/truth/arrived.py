"""The part of a history that can be known now, from the rows that have arrived: what the truth covers.

An attempt is known by its slices: it starts with the first that has arrived, and is IN_FLIGHT until
its end row has. A run is known by its attempts, and a definition by its versions.
"""

from dataclasses import replace

import numpy as np

from simulator.clock import DAY_US, NEVER_US, Bools, Ints
from simulator.columnar import take_rows
from simulator.delivery.arrivals import Arrivals
from simulator.history import History
from simulator.runs.outcomes import Status
from simulator.runs.runs import RunIds


def ends_known_us(history: History, arrivals: Arrivals) -> Ints:
    """When the row of the last end of each run that has arrived was delivered: no night knows of it before."""
    pieces = arrivals.attempt_slices
    delivery = arrivals.attempt_rows.first(pieces.size)
    ends = np.flatnonzero(pieces.last & (delivery < history.deliveries))
    known_us = np.zeros(history.runs.size, dtype=np.int64)
    at_us = history.start_us + (delivery[ends] + 1) * DAY_US
    np.maximum.at(known_us, history.attempts.run[pieces.owner[ends]], at_us)
    return known_us


def arrived_history(history: History, arrivals: Arrivals) -> tuple[History, Bools]:
    """The history as far as its rows have arrived, and which of its runs have left one."""
    deliveries, pieces = history.deliveries, arrivals.attempt_slices
    rows = np.flatnonzero(arrivals.attempt_rows.before(deliveries, pieces.size))
    arrived = take_rows(pieces, rows)
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
    attempts = take_rows(attempts, seen)
    traced = np.zeros(history.runs.size, dtype=bool)
    traced[attempts.run] = True
    position = np.cumsum(traced) - 1
    runs = take_rows(history.runs, traced)
    attempts = replace(attempts, run=position[attempts.run])
    first_us = np.full(runs.size, NEVER_US, dtype=np.int64)
    np.minimum.at(first_us, attempts.run, attempts.start_us)
    versions = history.versions.at(arrivals.versions.before(deliveries, len(history.versions.job)))
    so_far = replace(
        history,
        versions=versions,
        runs=replace(runs, start_us=first_us),
        version=versions.in_force(runs.job, first_us),
        attempts=attempts,
        source_task_run=history.source_task_run[traced],
        ids=RunIds(history.ids.run[traced], history.ids.job[traced], history.ids.task_run),
    )
    return so_far, traced
