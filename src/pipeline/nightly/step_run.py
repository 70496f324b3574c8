"""One step brought up to date with its inputs and the clock.

A step remembers the version it has read of each input. What rows that changed since belong to is
computed again and merged, as its kind has it; the memory is written after the merge, so a step killed
at any point is simply done again.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from pyspark.sql import functions as F

from pipeline.engine.side_by_side import Places
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly import by_day, by_key, whole
from pipeline.nightly.portions import News, Plan
from pipeline.nightly.positions import Positions
from pipeline.nightly.retention import dropped_before, first_day_kept
from pipeline.steps.given import Given
from pipeline.steps.kinds import ByDatedKey, ByDay, ByKey, RecentDays, Step, Whole
from pipeline.tables.declaration import Table

AS_OF = "as_of"
_MODES = ("current", "incremental", "full")
"""What a step did, from nothing to everything."""
_PLACES = Places()
"""A step that takes several portions fills both cores and the most memory: it runs by itself."""
_NONE_PREVIOUS: Mapping[Table, int] = MappingProxyType({})


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

    def record(self) -> dict[str, object]:
        """The same for people and scripts."""
        return {
            "step": self.step,
            "stage": self.stage,
            "table": self.table.full_name,
            "mode": self.mode,
            "rows_read": self.rows_read,
            "inserted": self.inserted,
            "updated": self.updated,
            "deleted": self.deleted,
            "rejected": self.rejected,
            "duplicates": self.duplicates,
            "expired": self.expired,
            "late": self.late,
            "seconds": round(self.seconds, 3),
            "version": self.version,
        }

    @property
    def written(self) -> int:
        return self.inserted + self.updated + self.deleted

    def plus(self, more: "StepReport") -> "StepReport":
        """Both runs of one step together; the versions are those of the later one."""
        summed = {name: getattr(self, name) + getattr(more, name) for name in _SUMMED}
        return replace(more, mode=max(self.mode, more.mode, key=_MODES.index), **summed)


_SUMMED = (
    "seconds",
    "inserted",
    "updated",
    "deleted",
    "rows_read",
    "rejected",
    "duplicates",
    "expired",
    "late",
)


@dataclass(slots=True)
class _Counts:
    """Rows of a step, over all of its portions."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_read: int = 0


def run_step(
    lakehouse: Lakehouse,
    positions: Positions,
    step: Step,
    given: Given,
    previous: Mapping[Table, int] = _NONE_PREVIOUS,
) -> StepReport:
    """Bring the step's output up to date.

    `previous` has the versions at which tables stood before this night, where the step reads them so.
    """
    began = time.perf_counter()
    versions = {table: lakehouse.version(table) for table in step.reads}
    position = _position(step, versions, given)
    counts = _Counts()
    mode = "current"
    news = _news(lakehouse, positions, step, versions, position)
    if news is not None:
        with _plan(lakehouse, positions, step, given, news, previous) as plan:
            mode = "full" if plan.is_full else "incremental"
            with _PLACES.taken(all_of_them=plan.is_large):
                counts = _computed(step, plan, given)
    positions.set_all(step.name, position)
    versions_read = versions | {table: previous[table] for table in step.reads_previous}
    return StepReport(
        step=step.name,
        stage=str(step.stage),
        table=step.writes,
        mode=mode,
        seconds=time.perf_counter() - began,
        version=lakehouse.version(step.writes),
        versions_read={table.full_name: version for table, version in versions_read.items()},
        inserted=counts.inserted,
        updated=counts.updated,
        deleted=counts.deleted,
        rows_read=counts.rows_read,
    )


def _position(step: Step, versions: Mapping[Table, int], given: Given) -> dict[str, str]:
    """What the step stands on now: its inputs' versions, and all that the night gives to it."""
    position = {table.full_name: str(version) for table, version in versions.items()}
    if step.is_clocked:
        position[AS_OF] = str(given.as_of)
    return position | {name: str(value) for name, value in given.named(step.given).items()}


def _news(
    lakehouse: Lakehouse,
    positions: Positions,
    step: Step,
    versions: Mapping[Table, int],
    position: Mapping[str, str],
) -> News | None:
    """What is new since the step was last computed; None where nothing is."""
    before = {name: positions.of(step.name, name) for name in position}
    if before == position:
        return None
    read: dict[Table, int | None] = {}
    for table in step.reads:
        version = before[table.full_name]
        read[table] = None if version is None else int(version)
    last = before.get(AS_OF)
    if last is not None and datetime.fromisoformat(last) > datetime.fromisoformat(position[AS_OF]):
        # What time had decided may be open again: nothing that was read before counts.
        read = dict.fromkeys(read)
    changed = {
        table: version
        for table, version in read.items()
        if version is None or (versions[table] != version and lakehouse.changed(table, version))
    }
    is_given_other = any(
        before[name] != position[name] for name in position if name == AS_OF or name in step.given
    )
    return News(changed, is_given_other) if changed or is_given_other else None


@contextmanager
def _plan(
    lakehouse: Lakehouse,
    positions: Positions,
    step: Step,
    given: Given,
    news: News,
    previous: Mapping[Table, int],
) -> Iterator[Plan]:
    """What the step has to compute, by its kind."""
    match step:
        case ByDay():
            sealed = dropped_before(positions, step.days_of)
            with by_day.plan(lakehouse, step, news, sealed) as plan:
                yield plan
        case ByKey() | ByDatedKey():
            with by_key.plan(lakehouse, step, news) as plan:
                yield plan
        case Whole() | RecentDays():
            yield whole.plan(lakehouse, step, given, previous)
        case _:
            raise TypeError(f"step {step.name} is of no kind that a night computes")


def _computed(step: Step, plan: Plan, given: Given) -> _Counts:
    """Compute and merge each portion."""
    counts = _Counts()
    values = given.named(step.given)
    first_day = first_day_kept(step.writes, given.as_of)
    for portion in plan.portions:
        output = step.run(*portion.inputs, **values)
        if first_day is not None:
            output = output.where(F.col(str(step.writes.partition_by)) >= F.lit(first_day))
        written = portion.write(output)
        counts.inserted += written.inserted
        counts.updated += written.updated
        counts.deleted += written.deleted
        counts.rows_read += portion.rows_read
    return counts
