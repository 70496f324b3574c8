"""Definitions of jobs over time (SCD2): a first version, edits, a last row on deletion."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from simulator import labels
from simulator.clock import SECOND_US, Bools, Floats, Ints, us_of
from simulator.columns import TAGS
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Compute, Fleet, Kind
from simulator.fleet.schedules import Schedules
from simulator.fleet.sla import (
    LIMIT,
    NONE,
    Sla,
    declared_sla,
    limit_sla,
    rounded_limit,
)
from simulator.labels import Tags
from simulator.quirks import OF_A_LOG

COLUMNS_ADDED_US = us_of(datetime(2025, 12, 1, tzinfo=UTC))
"""Rows from before this moment lack trigger, health rules and other columns."""
_REEMITTED_SHARE = 0.85
_BURST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Definition:
    """The content of one version of a job."""

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
    burst: Bools
    """Whether another version of the same edit follows within seconds."""
    definitions: tuple[Definition, ...]

    def at(self, rows: Bools) -> "Versions":
        """The versions at these rows; a job may be left without any."""
        job = self.job[rows]
        return Versions(
            first=np.searchsorted(job, np.arange(len(self.first))),
            job=job,
            change_us=self.change_us[rows],
            deletion=self.deletion[rows],
            burst=self.burst[rows],
            definitions=tuple(self.definitions[index] for index in np.flatnonzero(rows)),
        )

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

    def names(self, index: Ints) -> Any:
        return pa.array([self.definitions[i].name for i in index.tolist()], type=pa.string())

    def owners(self) -> Any:
        return pa.array([d.owner for d in self.definitions], type=pa.string())


# Job, change time, whether it is deleted, whether the edit goes on, what it says.
_Row = tuple[int, int, bool, bool, Definition]


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
    config: SimulatorConfig, fleet: Fleet, schedules: Schedules, typical: Floats, spread: Floats
) -> Versions:
    """First versions with names, teams and service levels; then renames, moves and new levels.

    `typical` seconds of an attempt of each job, and the `spread` of their logarithm.
    """
    rng = generator(config.seed, "definitions")
    quirks, start_us = config.quirks, config.start_us
    rows: list[_Row] = []
    edits = rng.poisson(config.edits_per_job * ("edits" in quirks), fleet.size)
    defined = fleet.has_definition
    for job in range(fleet.size):
        daily = fleet.kind[job] in (Kind.NIGHTLY, Kind.WEEKLY, Kind.FIRED)
        minute = int(schedules.minute_of_day[job]) if daily else None
        terms = (float(typical[job]), float(spread[job]), minute, int(schedules.zone[job]))
        created_us = int(fleet.created_us[job])
        from_us, until_us = int(schedules.paused_from_us[job]), int(schedules.paused_until_us[job])
        team, owner = labels.team(rng), labels.email(rng)
        now = Definition(
            name=labels.job_name(rng, job, quirks),
            team=team,
            owner=owner,
            tags=labels.people_tags(rng, team, owner, quirks),
            sla=Sla() if fleet.kind[job] == Kind.CONTINUOUS else declared_sla(rng, *terms),
            paused=from_us <= created_us,
        )
        if not defined[job]:
            # A submitted series is known by its name alone: it keeps it, and nobody else has it.
            now = replace(now, name=f"{now.name[:40]}_{job}", sla=Sla())
            rows.append((job, created_us, False, False, now))
            continue
        last_us = min(config.horizon_us, int(fleet.deleted_us[job]))
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
        emitted_us = int(COLUMNS_ADDED_US + rng.random() * max(start_us - COLUMNS_ADDED_US, 0))
        if (
            created_us < COLUMNS_ADDED_US < emitted_us < last_us
            and rng.random() < _REEMITTED_SHARE
            and "columns_added" in quirks
        ):
            changes.append((emitted_us, "emitted"))
        rows.append((job, created_us, False, False, now))
        for at_us, word in sorted(changes):
            before, now = now, _edited(rng, now, word, terms, job, quirks)
            at_us = at_us // 1000 * 1000
            # An edit session leaves two versions: the one it began with and the one it ended with.
            if word == "edit" and "scd2_bursts" in quirks and rng.random() < _BURST_SHARE:
                rows.append((job, at_us - 1_300_000, False, True, before))
            rows.append((job, at_us, False, False, now))
        if fleet.deleted_us[job] < config.horizon_us:
            rows.append((job, int(fleet.deleted_us[job]) // 1000 * 1000, True, False, now))
    if "columns_added" in quirks:
        rows = [(*row[:4], _as_written(row[1], row[4])) for row in rows]
    told_from_us = COLUMNS_ADDED_US if "columns_added" in quirks else 0
    rows = [
        (*row[:4], _or_timeout(row[4], int(fleet.timeout_seconds[row[0]])))
        if row[1] >= told_from_us and defined[row[0]]
        else row
        for row in rows
    ]
    return versions_of(fleet.size, rows)


def _as_written(at_us: int, definition: Definition) -> Definition:
    """The definition as its row has it: early rows have no health rules."""
    if at_us < COLUMNS_ADDED_US and definition.sla.health_rule_seconds:
        return replace(definition, sla=Sla())
    return definition


def _or_timeout(definition: Definition, timeout_seconds: int) -> Definition:
    """Where nothing else is declared that can be read, the timeout is the limit."""
    if timeout_seconds == 0 or definition.sla.kind != NONE:
        return definition
    level = replace(definition.sla, kind=LIMIT, limit_seconds=timeout_seconds)
    return replace(definition, sla=level)


def _edited(
    rng: np.random.Generator,
    before: Definition,
    word: str,
    terms: tuple[float, float, int | None, int],
    job: int,
    quirks: frozenset[str],
) -> Definition:
    if word == "emitted":
        return before
    if word in ("pause", "resume"):
        return replace(before, paused=word == "pause")
    match int(rng.integers(4)):
        case 0:
            return replace(before, name=labels.job_name(rng, job, quirks))
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


def versions_of(jobs: int, rows: list[_Row]) -> Versions:
    """Versions in columns, sorted by job and time."""
    rows = sorted(rows, key=lambda row: row[:2])
    job = np.array([row[0] for row in rows], dtype=np.int64)
    change_us = np.array([row[1] for row in rows], dtype=np.int64)
    # Two changes in one tick would be one version with two meanings.
    same = np.concatenate([[False], (job[1:] == job[:-1]) & (change_us[1:] <= change_us[:-1])])
    is_last_in_tick = ~same
    return Versions(
        first=np.searchsorted(job[is_last_in_tick], np.arange(jobs + 1)),
        job=job[is_last_in_tick],
        change_us=change_us[is_last_in_tick],
        deletion=np.array([row[2] for row in rows], dtype=bool)[is_last_in_tick],
        burst=np.array([row[3] for row in rows], dtype=bool)[is_last_in_tick],
        definitions=tuple(
            row[4] for row, is_last in zip(rows, is_last_in_tick, strict=True) if is_last
        ),
    )


def plain_versions(
    seed: int, names: list[str], created_us: Ints, limits_seconds: Floats
) -> Versions:
    """One version per job, with the given names and (where positive) limits; for a run log."""
    rng = generator(seed, "definitions")
    rows: list[_Row] = []
    for job, name in enumerate(names):
        team, owner = labels.team(rng), labels.email(rng)
        level = limit_sla(rng, rounded_limit(float(limits_seconds[job])))
        definition = Definition(
            name=name,
            team=team,
            owner=owner,
            tags=labels.people_tags(rng, team, owner, OF_A_LOG),
            sla=level if limits_seconds[job] > 0 and rng.random() < 0.8 else Sla(),
            paused=False,
        )
        rows.append((job, int(created_us[job]), False, False, definition))
    return versions_of(len(names), rows)
