"""Definitions of jobs over time (SCD2): a first version, edits, a last row on deletion."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator import labels
from pipeline.sources.simulator.clock import (
    DAY_US,
    SECOND_US,
    Bools,
    Floats,
    Ints,
    us_of,
)
from pipeline.sources.simulator.columns import TAGS
from pipeline.sources.simulator.config import SimulatorConfig, generator
from pipeline.sources.simulator.fleet import Compute, Fleet, Kind
from pipeline.sources.simulator.labels import Tags
from pipeline.sources.simulator.sla import Sla, declared_sla, limit_sla, rounded_limit
from pipeline.sources.simulator.starts import Schedules


@dataclass(frozen=True, slots=True)
class Definition:
    """What one version of a job says."""

    name: str
    team: str
    owner: str
    tags: Tags
    sla: Sla
    paused: bool

    @property
    def all_tags(self) -> Tags:
        return self.tags if self.sla.tag is None else (*self.tags, self.sla.tag)


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions sorted by job and time; `first[j]` up to `first[j + 1]` are those of job j."""

    first: Ints
    job: Ints
    change_us: Ints
    deletion: Bools
    definitions: tuple[Definition, ...]

    def in_force(self, job: Ints, at_us: Ints) -> Ints:
        """The version at a time: the last change not after it, else the first version."""
        # Versions and questions in one order: a question comes after the changes of its time.
        size = len(self.job)
        order = np.lexsort(
            (
                np.concatenate([np.zeros(size), np.ones(len(job))]),
                np.concatenate([self.change_us, at_us]),
                np.concatenate([self.job, job]),
            )
        )
        seen = np.cumsum(order < size) - 1
        latest = np.empty(size + len(job), dtype=np.int64)
        latest[order] = seen
        return np.maximum(latest[size:], self.first[job])

    def tags(self) -> Any:
        return pa.array([d.all_tags for d in self.definitions], type=TAGS)

    def names(self) -> Any:
        return pa.array([d.name for d in self.definitions], type=pa.string())

    def owners(self) -> Any:
        return pa.array([d.owner for d in self.definitions], type=pa.string())


def typical_seconds(fleet: Fleet) -> Floats:
    """Set-up and median work of a job."""
    setup: Floats = np.where(
        fleet.compute == Compute.JOB_CLUSTER,
        218.0,
        np.where(fleet.compute == Compute.SERVERLESS, 14.0, 1.0),
    )
    total: Floats = fleet.median_seconds + setup
    return total


def simulated_versions(
    config: SimulatorConfig, fleet: Fleet, schedules: Schedules, spread: Floats
) -> Versions:
    """First versions with names, teams and service levels; then renames, moves and new levels."""
    rng = generator(config.seed, "definitions")
    now_us = us_of(config.end)
    start_us = now_us - config.days * DAY_US
    typical = typical_seconds(fleet)
    rows: list[tuple[int, int, bool, Definition]] = []
    edits = rng.poisson(config.edits_per_job, fleet.size)
    defined = fleet.has_definition
    for job in range(fleet.size):
        daily = fleet.kind[job] in (Kind.NIGHTLY, Kind.WEEKLY)
        minute = int(schedules.minute_of_day[job]) if daily else None
        terms = (float(typical[job]), float(spread[job]), minute, int(schedules.zone[job]))
        created_us = int(fleet.created_us[job])
        from_us, until_us = int(schedules.paused_from_us[job]), int(schedules.paused_until_us[job])
        team, owner = labels.team(rng), labels.email(rng)
        now = Definition(
            name=labels.job_name(rng),
            team=team,
            owner=owner,
            tags=labels.people_tags(rng, team, owner),
            sla=Sla() if fleet.kind[job] == Kind.CONTINUOUS else declared_sla(rng, *terms),
            paused=from_us <= created_us,
        )
        if not defined[job]:
            # A submitted series is known by its name alone: it keeps it, and nobody else has it.
            now = replace(now, name=f"{now.name[:40]}_{job}", sla=Sla())
            rows.append((job, created_us, False, now))
            continue
        rows.append((job, created_us, False, now))
        last_us = min(now_us, int(fleet.deleted_us[job]))
        earliest_us = max(start_us, created_us + SECOND_US)
        changes: list[tuple[int, str]] = [
            (int(earliest_us + rng.random() * (last_us - earliest_us)), "edit")
            for _ in range(int(edits[job]))
            if last_us > earliest_us
        ]
        changes += [
            (at, word)
            for at, word in ((from_us, "pause"), (until_us, "resume"))
            if created_us < at < last_us
        ]
        for at_us, word in sorted(changes):
            now = _edited(rng, now, word, terms)
            rows.append((job, at_us // 1000 * 1000, False, now))
        if fleet.deleted_us[job] < now_us:
            rows.append((job, int(fleet.deleted_us[job]) // 1000 * 1000, True, now))
    return versions_of(fleet.size, rows)


def _edited(
    rng: np.random.Generator,
    before: Definition,
    word: str,
    terms: tuple[float, float, int | None, int],
) -> Definition:
    if word in ("pause", "resume"):
        return replace(before, paused=word == "pause")
    match int(rng.integers(4)):
        case 0:
            return replace(before, name=labels.job_name(rng))
        case 1:
            team = labels.team(rng)
            return replace(
                before, team=team, tags=labels.retagged(before.tags, labels.TEAM_KEYS, team)
            )
        case 2:
            owner = labels.email(rng)
            tags = labels.retagged(before.tags, labels.OWNER_KEYS, owner)
            return replace(before, owner=owner, tags=tags)
        case _:
            return replace(before, sla=declared_sla(rng, *terms))


def versions_of(jobs: int, rows: list[tuple[int, int, bool, Definition]]) -> Versions:
    """Versions in columns; `rows` are (job, change time, deletion, definition), by job and time."""
    job = np.array([row[0] for row in rows], dtype=np.int64)
    change_us = np.array([row[1] for row in rows], dtype=np.int64)
    # Two changes in one tick would be one version with two meanings.
    same = np.concatenate([[False], (job[1:] == job[:-1]) & (change_us[1:] <= change_us[:-1])])
    kept = ~same
    return Versions(
        first=np.searchsorted(job[kept], np.arange(jobs + 1)),
        job=job[kept],
        change_us=change_us[kept],
        deletion=np.array([row[2] for row in rows], dtype=bool)[kept],
        definitions=tuple(row[3] for row, keep in zip(rows, kept, strict=True) if keep),
    )


def plain_versions(
    seed: int, names: list[str], created_us: Ints, limits_seconds: Floats
) -> Versions:
    """One version per job, with the given names and (where positive) limits; for a run log."""
    rng = generator(seed, "definitions")
    rows = []
    for job, name in enumerate(names):
        team, owner = labels.team(rng), labels.email(rng)
        level = limit_sla(rng, rounded_limit(float(limits_seconds[job])))
        definition = Definition(
            name=name,
            team=team,
            owner=owner,
            tags=labels.people_tags(rng, team, owner),
            sla=level if limits_seconds[job] > 0 and rng.random() < 0.8 else Sla(),
            paused=False,
        )
        rows.append((job, int(created_us[job]), False, definition))
    return versions_of(len(names), rows)
