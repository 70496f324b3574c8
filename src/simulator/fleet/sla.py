"""Service levels as people declare them: a limit (seconds an attempt may take), a deadline (a clock
time by which a success is due), something unreadable, or nothing.

Limits hide in tags in several spellings or in a health rule; deadlines in tags, with or without
their time zone (UTC where none is written).
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import ZONES

NONE, LIMIT, DEADLINE = 0, 1, 2
KINDS = (None, "limit", "deadline")


@dataclass(frozen=True, slots=True)
class Sla:
    """What is true (`kind`, `limit_seconds`, `minute_of_day`, `zone`) and how it was written."""

    kind: int = NONE
    limit_seconds: int = 0
    minute_of_day: int = 0
    zone: int = 0
    tag: tuple[str, str] | None = None
    health_rule_seconds: int | None = None


def rounded_limit(seconds: float) -> int:
    """A limit as people choose them: round numbers, the rounder the longer."""
    steps = ((20, 1), (120, 10), (600, 60), (3600, 300), (14_400, 900))
    unit = next((unit for below, unit in steps if seconds <= below), 1800)
    return max(int(np.ceil(seconds / unit)) * unit, unit)


def limit_sla(rng: np.random.Generator, seconds: int) -> Sla:
    """A limit in a random spelling; one that is not in whole minutes can only be a health rule."""
    minutes, rest = divmod(seconds, 60)
    if rest or rng.random() < 0.25:
        return Sla(LIMIT, seconds, health_rule_seconds=seconds)
    hours, odd = divmod(minutes, 60)
    spellings = [("sla", f"{minutes}m"), ("sla_minutes", str(minutes))]
    if hours:
        spellings += [("sla", f"{hours}h{odd}m" if odd else f"{hours}h")] * 2
    return Sla(LIMIT, seconds, tag=spellings[int(rng.integers(len(spellings)))])


def deadline_sla(rng: np.random.Generator, minute_of_day: int, zone: int) -> Sla:
    """A deadline in its zone; where the zone is not written, it is UTC."""
    clock = f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"
    if zone == 0:
        tag = ("sla_deadline", clock) if rng.random() < 0.8 else ("sla", f"{clock} UTC")
    else:
        tag = ("sla", f"{clock} {ZONES[zone]}")
    return Sla(DEADLINE, minute_of_day=minute_of_day, zone=zone, tag=tag)


def unreadable_sla(rng: np.random.Generator) -> Sla:
    """What some write instead."""
    texts = ("soon", "asap", "before the meeting", "25:99", "-1h", "0")
    return Sla(tag=("sla", texts[int(rng.integers(len(texts)))]))


def declared_sla(
    rng: np.random.Generator,
    typical_seconds: float,
    spread: float,
    scheduled_minute: int | None,
    zone: int,
) -> Sla:
    """What a job declares: a third nothing, the others a limit or, if scheduled, a deadline."""
    draw = rng.random()
    if draw < 0.02:
        return unreadable_sla(rng)
    if draw < 0.37:
        return Sla()
    if scheduled_minute is not None and draw < 0.68:
        slack = typical_seconds * float(np.exp(rng.uniform(0.5, 3) * spread)) * rng.uniform(1.05, 2)
        due = scheduled_minute + int(np.ceil((slack + 300) / 900)) * 15
        # A deadline is the next such clock time: work that takes a day has none to keep.
        if slack < 20 * 3600:
            return deadline_sla(rng, due % 1440, zone)
    slack = typical_seconds * float(np.exp(rng.uniform(1.0, 4) * spread))
    return limit_sla(rng, rounded_limit(slack))
