"""How a step is computed by key: keys with changed rows again, all others never.

The keys are computed in one portion. Of a `ByKey` step each dated input is read on the days on which
its rows for them can stand; of a `ByDatedKey` step all inputs are read since the first day of any of
the keys. Everything, where that is all that is safe, is computed in shares of all keys.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import MOST_LISTED_DAYS, ChangesGone, Lakehouse
from pipeline.nightly.affected import completed, distinct_keys, keys_of, restricted
from pipeline.nightly.portions import (
    News,
    PartitionRows,
    Plan,
    Portion,
    all_rows,
    is_empty,
    partition_rows,
    portions_of,
)
from pipeline.steps.kinds import ByDatedKey, ByKey
from pipeline.tables.declaration import Table


@dataclass(frozen=True, slots=True)
class _Affected:
    """The keys to compute again, and where their rows can stand."""

    keys: DataFrame
    first_day: date | None = None
    """Of a step by dated key: no row of these keys is dated earlier; None where there is none."""
    days: Mapping[Table, Collection[date]] | None = None
    """Of a step by key: of a dated input the days on which it can have rows of these keys."""

    def rows_of(self, lakehouse: Lakehouse, step: ByKey | ByDatedKey, table: Table) -> DataFrame:
        rows = lakehouse.read(table)
        if self.first_day is not None:
            rows = rows.where(F.col(str(table.partition_by)) >= self.first_day)
        elif self.days is not None and table in self.days:
            days = self.days[table]
            is_one_of = F.col(str(table.partition_by)).isin(*days) if days else F.lit(False)
            rows = rows.where(is_one_of)
        return restricted(rows, step, table, self.keys)

    def reads(self, table: Table, day: date | None) -> bool:
        """Whether this partition of an input is read."""
        if day is None:
            return True
        if self.first_day is not None:
            return day >= self.first_day
        return self.days is None or day in self.days.get(table, (day,))


@contextmanager
def plan(lakehouse: Lakehouse, step: ByKey | ByDatedKey, news: News) -> Iterator[Plan]:
    """What there is to compute, as long as the block lasts."""
    counts = partition_rows(lakehouse, step)
    with _affected(lakehouse, step, news) as affected:
        if affected is None:
            yield Plan(True, all_rows(counts), _everything(lakehouse, step, counts))
            return
        rows = sum(
            count
            for table, days in counts.items()
            for day, count in days.items()
            if affected.reads(table, day)
        )
        yield Plan(False, rows, _again(lakehouse, step, affected, rows))


@contextmanager
def _affected(
    lakehouse: Lakehouse, step: ByKey | ByDatedKey, news: News
) -> Iterator[_Affected | None]:
    """None where only computing everything again is safe."""
    changes = None if news.is_given_other else _changes(lakehouse, step, news)
    if changes is None:
        yield None
        return
    keys = [completed(lakehouse, step, keys_of(step, *change)) for change in changes.items()]
    # A single answer of a change feed is worked out already.
    is_stored = len(changes) == 1 and all(step.tells_key(table) for table in changes)
    with distinct_keys(lakehouse, keys, is_stored=is_stored) as rows:
        if isinstance(step, ByDatedKey):
            yield _Affected(rows, first_day=_first_day(lakehouse, step, changes, rows))
        else:
            yield _Affected(rows, days=_days(lakehouse, step, rows))


def _changes(
    lakehouse: Lakehouse, step: ByKey | ByDatedKey, news: News
) -> dict[Table, DataFrame] | None:
    """Of each changed input the key columns, and where the step's days are looked up the date, of the
    rows that changed; None where they cannot be told, or do not tell which keys are affected."""
    versions = news.versions_read
    if versions is None or not all(step.columns_in(table) for table in versions):
        return None
    changes = {}
    for table, version in versions.items():
        columns = [*step.columns_in(table).values()]
        if _looks_up_days(step):
            columns.append(str(table.partition_by))
        try:
            changes[table] = lakehouse.changes(table, version, tuple(dict.fromkeys(columns)))
        except ChangesGone:
            return None
    return changes


def _looks_up_days(step: ByKey | ByDatedKey) -> bool:
    """Whether the day on which a key stands is looked up in the output, since it does not name it."""
    return isinstance(step, ByDatedKey) and step.date not in step.key


def _first_day(
    lakehouse: Lakehouse, step: ByDatedKey, changes: Mapping[Table, DataFrame], keys: DataFrame
) -> date | None:
    """The earliest date that rows of the keys can have, in the inputs and in the output."""
    if not _looks_up_days(step):
        first: date | None = keys.select(F.min(step.date)).collect()[0][0]
        return first
    # What else is of a key is no earlier than its changed rows, or the output has a row of it.
    days = set(lakehouse.days_of(step.writes, keys))
    for table, rows in changes.items():
        days.add(rows.select(F.min(str(table.partition_by))).collect()[0][0])
    return min((day for day in days if day is not None), default=None)


def _days(lakehouse: Lakehouse, step: ByKey, keys: DataFrame) -> dict[Table, set[date]]:
    """Of each dated input that tells its keys, the days on which rows of these can stand, unless they
    are too many."""
    all_days = {}
    for table in step.reads:
        if table.partition_by is not None and step.tells_key(table):
            columns = step.columns_in(table).items()
            theirs = keys.select(*(F.col(ours).alias(name) for ours, name in columns))
            days = lakehouse.days_of(table, theirs)
            if len(days) <= MOST_LISTED_DAYS:
                all_days[table] = days
    return all_days


def _again(
    lakehouse: Lakehouse, step: ByKey | ByDatedKey, affected: _Affected, rows: int
) -> Iterator[Portion]:
    """The affected keys, in one portion."""
    inputs = [affected.rows_of(lakehouse, step, table) for table in step.reads]
    write = partial(lakehouse.merge, step.writes, scope=affected.keys, since=affected.first_day)
    yield Portion(inputs, write, rows)


def _everything(
    lakehouse: Lakehouse, step: ByKey | ByDatedKey, counts: PartitionRows
) -> Iterator[Portion]:
    """All keys, in as many shares of them as memory asks for."""
    divided = [table for table in step.reads if step.tells_key(table)]
    shares = portions_of(sum(sum(counts[table].values()) for table in divided))
    is_first_build = is_empty(lakehouse, step.writes)
    for share in range(shares):
        inputs = []
        for table in step.reads:
            rows = lakehouse.read(table)
            if table in divided:
                rows = rows.where(_share_of(step.columns_in(table).values(), shares) == share)
            inputs.append(rows)
        if shares == 1:
            write = partial(lakehouse.replace, step.writes)
        elif is_first_build:  # Nor have the shares a key in common.
            write = partial(lakehouse.append, step.writes)
        else:
            stored = lakehouse.read(step.writes).where(_share_of(step.key, shares) == share)
            scope = stored.select(*step.key).distinct()
            write = partial(lakehouse.merge, step.writes, scope=scope)
        # All shares together read each row once.
        rows_read = all_rows(counts) if share == 0 else 0
        yield Portion(inputs, write, rows_read)
    if isinstance(step, ByDatedKey) and _looks_up_days(step):
        lakehouse.index_days(step.writes, step.key)


def _share_of(key: Iterable[str], shares: int) -> Column:
    """The share that a key is in, of `shares` about equal ones."""
    return F.pmod(F.xxhash64(*key), F.lit(shares))
