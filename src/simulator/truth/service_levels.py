"""Whether runs kept their service level, as far as that can be known now.

A limit is kept when the first successful attempt took no longer; it is missed when that attempt
took longer, or when the run ended without a success. A deadline is the first moment after the
run's start at which the clock of its zone shows the time; it is kept when a success came by then.
Runs that were cancelled or skipped are never judged.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import SECOND_US, ZONES, Bools, Ints, next_wall_time
from simulator.fleet import sla
from simulator.history import History
from simulator.runs.outcomes import Status


@dataclass(frozen=True, slots=True)
class Levels:
    """What is declared of each run: the kind, a limit's microseconds, a deadline's minute of the day and zone."""

    kind: Ints
    limit_us: Ints
    minute: Ints
    zone: Ints


def levels_of(history: History) -> Levels:
    """By the version in force at each run's start."""
    levels = [definition.sla for definition in history.versions.definitions]
    defined = history.fleet.has_definition[history.runs.job]

    def declared(numbers: list[int]) -> Ints:
        # Typed, also where no run, and so no version, is there.
        return np.array(numbers, dtype=np.int64)[history.version]

    return Levels(
        kind=np.where(defined, declared([level.kind for level in levels]), sla.NONE),
        limit_us=declared([level.limit_seconds for level in levels]) * SECOND_US,
        minute=declared([level.minute_of_day for level in levels]),
        zone=declared([level.zone for level in levels]),
    )


def deadlines_us(levels: Levels, start_us: Ints) -> Ints:
    """When a success is due of each run that starts then; 0 without a deadline."""
    due_us = np.zeros(len(start_us), dtype=np.int64)
    for index, name in enumerate(ZONES):
        in_zone = (levels.kind == sla.DEADLINE) & (levels.zone == index)
        due_us[in_zone] = next_wall_time(start_us[in_zone], levels.minute[in_zone], name)
    return due_us


def service_levels(history: History, status: Ints, success: Ints) -> tuple[Ints, Bools, Bools]:
    """Kind of service level of each run, whether it was kept, and whether that is decided."""
    attempts, levels = history.attempts, levels_of(history)
    kind = levels.kind
    has_success = success >= 0
    took_us = attempts.end_us[success] - attempts.start_us[success]
    ended_badly = np.isin(status, (Status.FAILED, Status.TIMED_OUT))
    within = has_success & (took_us <= levels.limit_us)
    due_us = deadlines_us(levels, history.runs.start_us)
    in_time = has_success & (attempts.end_us[success] <= due_us)
    judged = ~np.isin(status, (Status.CANCELLED, Status.SKIPPED))
    met = np.where(kind == sla.LIMIT, within, in_time)
    is_decided = judged & np.select(
        [kind == sla.LIMIT, kind == sla.DEADLINE],
        [has_success | ended_badly, in_time | (due_us <= history.now_us)],
        False,
    )
    return kind, met, is_decided
