"""What a step has to compute in a night: a plan of portions, each computed and merged by itself.

A portion is as large as memory allows. How a step is divided into portions is its kind's: see
`whole`, `by_key` and `by_day`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from pyspark.sql import DataFrame

from pipeline.lakehouse.protocol import Lakehouse, Written
from pipeline.steps.kinds import Step
from pipeline.tables.declaration import Table

ROWS_AT_ONCE = 1_500_000
"""Input rows of one portion: a few hundred megabytes in an engine that shares this process's memory."""

PartitionRows = Mapping[Table, Mapping[date | None, int]]
"""The rows in each partition of a step's inputs; None for all of an undated table."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new to a step since it was last computed."""

    changed: Mapping[Table, int | None]
    """Inputs that may have changed, and the version last read of each; None where none counts."""
    is_given_other: bool
    """Whether the time that the night speaks of, or another value that it gives, is another."""

    @property
    def versions_read(self) -> dict[Table, int] | None:
        """The changed inputs and the version last read; None where one has never been read."""
        versions = {
            table: version for table, version in self.changed.items() if version is not None
        }
        return versions if len(versions) == len(self.changed) else None


@dataclass(frozen=True, slots=True)
class Portion:
    """Inputs restricted to what is computed at once, and how its rows are written."""

    inputs: Sequence[DataFrame]
    write: Callable[[DataFrame], Written]
    rows_read: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a step has to compute."""

    is_full: bool
    """Whether everything is computed again, and not only what changed rows belong to."""
    rows: int
    """How many rows of its inputs it reads, at the most."""
    portions: Iterable[Portion]
    """To be computed and written one after the other, in their order."""

    @property
    def is_large(self) -> bool:
        return self.rows > ROWS_AT_ONCE


def partition_rows(lakehouse: Lakehouse, step: Step) -> PartitionRows:
    return {table: lakehouse.partition_rows(table) for table in step.inputs}


def all_rows(counts: PartitionRows) -> int:
    return sum(sum(days.values()) for days in counts.values())


def is_empty(lakehouse: Lakehouse, table: Table) -> bool:
    return not any(lakehouse.partition_rows(table).values())


def portions_of(rows: int) -> int:
    """In how many portions so many rows are computed."""
    return max(1, ceil(rows / ROWS_AT_ONCE))


def grouped_days(days: Sequence[date], rows: Mapping[date, int]) -> Iterator[tuple[date, ...]]:
    """Consecutive days with no more rows together than one portion takes, and one day at the least."""
    group: list[date] = []
    group_rows = 0
    for day in days:
        if group and group_rows + rows.get(day, 0) > ROWS_AT_ONCE:
            yield tuple(group)
            group, group_rows = [], 0
        group.append(day)
        group_rows += rows.get(day, 0)
    if group:
        yield tuple(group)
