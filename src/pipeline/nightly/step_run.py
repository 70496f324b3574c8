"""One step brought up to date with its inputs and the clock.

A step remembers the version it has read of each input. It recomputes the scopes that rows changed
since belong to, and merges; the memory is written after the merge, so a step killed at any point is
simply done again. A step whose scopes are dated is computed a few days at a time, in bounded memory,
and never for days whose inputs have been dropped: what was computed from them is sealed.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.engine.side_by_side import Places
from pipeline.graph.graph import Step
from pipeline.lakehouse.protocol import Lakehouse, Written
from pipeline.nightly.affected import (
    Scopes,
    affected,
    cut,
    is_read,
    shared_out,
    standing,
    tells_scope,
)
from pipeline.nightly.positions import Positions
from pipeline.tables.declaration import Table

AS_OF = "as_of"
DROPPED = "dropped before"
_ROWS_AT_ONCE = 1_500_000
"""Input rows of one go: a few hundred megabytes in an engine that shares this process's memory."""
_PLACES = Places()
"""A step that takes several goes fills both cores and the most memory: it runs by itself."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did to one table."""

    step: str
    stage: str
    table: Table
    mode: str
    seconds: float
    version: int
    versions_read: dict[str, int] = field(default_factory=dict)
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_read: int = 0
    rejected: int = 0
    duplicates: int = 0
    expired: int = 0
    late: int = 0

    @property
    def written(self) -> int:
        return self.inserted + self.updated + self.deleted


def advance(
    lakehouse: Lakehouse, positions: Positions, step: Step, given: dict[str, object]
) -> StepReport:
    """Bring the step's output up to date."""
    began = time.perf_counter()
    versions = {table: lakehouse.version(table) for table in step.reads}
    now_at = {table.full_name: str(version) for table, version in versions.items()}
    if step.is_clocked:
        now_at[AS_OF] = str(given["as_of"])
    for name in step.given:
        now_at[name] = str(given[name])
    was_at = {name: positions.of(step.name, name) for name in now_at}

    def report(mode: str, done: "_Done | None" = None) -> StepReport:
        return StepReport(
            step=step.name,
            stage=str(step.writes.layer),
            table=step.writes,
            mode=mode,
            seconds=time.perf_counter() - began,
            version=lakehouse.version(step.writes),
            versions_read={table.full_name: version for table, version in versions.items()},
            inserted=done.inserted if done else 0,
            updated=done.updated if done else 0,
            deleted=done.deleted if done else 0,
            rows_read=done.rows_read if done else 0,
        )

    if was_at == now_at:
        return report("current")
    seen = {
        table: int(position) if (position := was_at[table.full_name]) is not None else None
        for table in step.reads
    }
    last = was_at.get(AS_OF)
    if last is not None and datetime.fromisoformat(last) > datetime.fromisoformat(now_at[AS_OF]):
        # What time had decided may be open again: nothing that was read before counts.
        seen = dict.fromkeys(seen)
    clock_moved = any(
        was_at[name] != now_at[name] for name in now_at if name == AS_OF or name in step.given
    )
    changed = [
        table
        for table in step.reads
        if (version := seen[table]) is None
        or (versions[table] != version and lakehouse.changed(table, version))
    ]
    if not changed and not clock_moved:
        positions.set_all(step.name, now_at)
        return report("current")
    with affected(lakehouse, step, seen, changed, clock_moved=clock_moved) as scopes:
        doing = _Doing(lakehouse, positions, step, given)
        with _PLACES.taken(all_of_them=doing.rows(scopes) > _ROWS_AT_ONCE):
            done = doing.do(scopes)
    positions.set_all(step.name, now_at)
    return report("full" if scopes is None else "incremental", done)


@dataclass(slots=True)
class _Done:
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_read: int = 0

    def add(self, written: Written, rows_read: int) -> None:
        self.inserted += written.inserted
        self.updated += written.updated
        self.deleted += written.deleted
        self.rows_read += rows_read


class _Doing:
    """The computing and merging of one step, in as many goes as its memory asks for."""

    def __init__(
        self, lakehouse: Lakehouse, positions: Positions, step: Step, given: dict[str, object]
    ) -> None:
        self._lakehouse = lakehouse
        self._step = step
        self._given = given
        self._sealed_before = sealed_before(positions, step)
        self._rows = {table: lakehouse.partition_rows(table) for table in step.reads}

    def rows(self, scopes: Scopes | None) -> int:
        """How many rows of its inputs the step reads, at the most."""
        if scopes is None:
            return sum(self._count(table, self._window_start) for table in self._step.reads)
        return self._read(scopes)

    def do(self, scopes: Scopes | None) -> _Done:
        step, lakehouse = self._step, self._lakehouse
        arguments = {name: self._given[name] for name in step.given}
        done = _Done()
        if scopes is None and not self._has_dates:
            shares, is_first_build = self._shares(), self._holds_nothing
            for share in range(shares):
                inputs = [
                    shared_out(self._windowed(table), step, table, share, shares)
                    for table in step.reads
                ]
                rows = step.run(*inputs, **arguments)
                if shares == 1:
                    written = lakehouse.replace(step.writes, rows)
                elif is_first_build:  # Nor have the shares a key in common.
                    written = lakehouse.append(step.writes, rows)
                else:
                    stands = standing(lakehouse.read(step.writes), step, share, shares)
                    written = lakehouse.merge(step.writes, rows, scope=stands)
                done.add(written, 0)
            if step.looks_up_days:
                lakehouse.index_days(step.writes, step.scope)
            done.rows_read = self.rows(None)
            return done
        is_first_build = scopes is None and self._holds_nothing
        for part in self._goes(scopes):
            inputs = [cut(lakehouse.read(table), step, table, part) for table in step.reads]
            rows = step.run(*inputs, **arguments)
            if is_first_build:  # A row has one date, so goes by dates have no key in common.
                written = lakehouse.append(step.writes, rows)
            else:
                since = part.dates[0] if part.dates else None
                written = lakehouse.merge(step.writes, rows, scope=part.rows, since=since)
            done.add(written, self._read(part))
        return done

    @property
    def _holds_nothing(self) -> bool:
        return not any(self._lakehouse.partition_rows(self._step.writes).values())

    def _shares(self) -> int:
        """In how many goes everything is computed: as many as keep the memory of one bounded."""
        told = [table for table in self._step.reads if tells_scope(self._step, table)]
        rows = sum(self._count(table, self._window_start) for table in told)
        return max(1, ceil(rows / _ROWS_AT_ONCE))

    @property
    def _has_dates(self) -> bool:
        """Whether a full computation can go by dates: the inputs' partitions are those dates."""
        step = self._step
        return bool(step.pruned) and all(step.is_aligned(table) for table in step.pruned)

    def _goes(self, scopes: Scopes | None) -> Iterator[Scopes]:
        step = self._step
        if not (step.is_dated and self._has_dates):
            if scopes is not None:
                yield scopes
            return
        per_day: Counter[date] = Counter()
        for table in step.pruned:
            per_day.update({day: n for day, n in self._rows[table].items() if day is not None})
        if scopes is not None:
            days = set(scopes.dates)
        else:
            held = self._lakehouse.partition_rows(step.writes)
            days = set(per_day) | {day for day in held if day is not None}
        if self._sealed_before is not None:
            days = {day for day in days if day >= self._sealed_before}
        for some in _grouped(sorted(days), per_day):
            if scopes is not None:
                yield scopes.on(step, some)
            else:
                yield Scopes.of_dates(step, some, self._lakehouse.read(step.writes))

    @property
    def _window_start(self) -> date | None:
        as_of, last_cost_day = self._given["as_of"], self._given.get("last_cost_day")
        if self._step.window_days is None or not isinstance(as_of, datetime):
            return None
        end = as_of.date()
        if "last_cost_day" in self._step.given and isinstance(last_cost_day, date):
            # Its windows of costs end as much earlier as billing is behind.
            end = min(end, last_cost_day + timedelta(days=1))
        return end - timedelta(days=self._step.window_days)

    def _windowed(self, table: Table) -> DataFrame:
        rows = self._lakehouse.read(table)
        start = self._window_start
        if start is None or table.partition_by is None:
            return rows
        return rows.where(F.col(table.partition_by) >= F.lit(start))

    def _count(self, table: Table, start: date | None) -> int:
        counted = self._rows[table].items()
        return sum(n for day, n in counted if start is None or day is None or day >= start)

    def _read(self, scopes: Scopes) -> int:
        return sum(
            n
            for table in self._step.reads
            for day, n in self._rows[table].items()
            if day is None or is_read(self._step, table, scopes, day)
        )


def sealed_before(positions: Positions, step: Step) -> date | None:
    """The day before which the step's inputs have been dropped; None when they all still stand."""
    dropped = (positions.of(DROPPED, table.full_name) for table in step.pruned)
    return max((date.fromisoformat(day) for day in dropped if day), default=None)


def _grouped(days: list[date], rows: Counter[date]) -> Iterator[list[date]]:
    """Consecutive days with no more rows together than one go takes, and one day at the least."""
    some: list[date] = []
    held = 0
    for day in days:
        if some and held + rows[day] > _ROWS_AT_ONCE:
            yield some
            some, held = [], 0
        some.append(day)
        held += rows[day]
    if some:
        yield some
