"""How a step is computed by day: the days, and groups within them, with changed rows again.

Days are computed some at a time, in bounded memory, and never those of which inputs have been dropped:
what was computed from them is sealed. A changed row of the step's first input affects its own day. One
of an input whose rows last affects all days that it stands for; one that only ends at another time than
before, the days between its ends.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import CHANGE_TYPE, MOST_LISTED_DAYS, ChangesGone, Lakehouse
from pipeline.nightly.affected import completed, distinct_keys, keys_of, restricted
from pipeline.nightly.portions import (
    News,
    PartitionRows,
    Plan,
    Portion,
    all_rows,
    grouped_days,
    is_empty,
    partition_rows,
)
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables.declaration import Table

_ALWAYS, _FOREVER = date(1, 1, 1), date(9999, 12, 31)


@contextmanager
def plan(
    lakehouse: Lakehouse, step: ByDay, news: News, dropped_before: date | None
) -> Iterator[Plan]:
    """What there is to compute, as long as the block lasts; days before `dropped_before` are sealed."""
    counts = partition_rows(lakehouse, step)
    with _affected(lakehouse, step, news) as keys:
        if keys is None:
            days = {*counts[step.days_of], *lakehouse.partition_rows(step.writes)}
        else:
            days = {row[0] for row in keys.select(step.date).distinct().collect()}
        open_days = sorted(
            day
            for day in days
            if day is not None and (dropped_before is None or day >= dropped_before)
        )
        rows = all_rows(counts) if keys is None else _rows_on(step, open_days, counts)
        yield Plan(keys is None, rows, _portions(lakehouse, step, open_days, keys, counts))


def _portions(
    lakehouse: Lakehouse,
    step: ByDay,
    days: Sequence[date],
    keys: DataFrame | None,
    counts: PartitionRows,
) -> Iterator[Portion]:
    """Some days at a time: of the affected keys, or of everything."""
    is_first_build = keys is None and is_empty(lakehouse, step.writes)
    rows_of_day = {day: rows for day, rows in counts[step.days_of].items() if day is not None}
    for group in grouped_days(days, rows_of_day):
        if keys is None:
            scope = _dates(lakehouse, step, group)
        else:
            scope = keys.where(F.col(step.date).isin(*group))
        inputs = [_restricted_to_days(lakehouse, step, table, group, scope) for table in step.reads]
        if is_first_build:  # A row has one date, so portions by date have no key in common.
            write = partial(lakehouse.append, step.writes)
        else:
            write = partial(lakehouse.merge, step.writes, scope=scope, since=group[0])
        yield Portion(inputs, write, _rows_on(step, group, counts))


def _dates(lakehouse: Lakehouse, step: ByDay, days: Sequence[date]) -> DataFrame:
    """A row for each of these days."""
    spark = lakehouse.read(step.writes).sparkSession
    return spark.createDataFrame([(day,) for day in days], f"`{step.date}` date")


def _restricted_to_days(
    lakehouse: Lakehouse, step: ByDay, table: Table, days: Sequence[date], keys: DataFrame
) -> DataFrame:
    """The rows of an input that belong to `keys`, which are on these days."""
    rows = lakehouse.read(table)
    if table in step.lasting:
        lasting = step.lasting[table]
        rows = rows.where(_stands(lasting, days[0], days[-1])).select(*lasting.column_names)
    elif table == step.days_of:
        day = F.col(str(table.partition_by))
        if len(days) > MOST_LISTED_DAYS:
            rows = rows.where(day >= days[0])
        else:
            rows = rows.where(day.isin(*days))
            if keys.columns == [step.date]:
                return rows
    return restricted(rows, step, table, keys)


def _rows_on(step: ByDay, days: Sequence[date], counts: PartitionRows) -> int:
    """How many rows of the inputs are read for these days."""
    return sum(
        rows
        for table, of_days in counts.items()
        for day, rows in of_days.items()
        if days and (day is None or _is_read(step, table, day, days))
    )


def _is_read(step: ByDay, table: Table, day: date, days: Sequence[date]) -> bool:
    """Whether the partition `day` of an input is read for these days."""
    if table in step.lasting:
        # Its partitions say since when its rows stand, or nothing of that.
        says_since = table.partition_by == step.lasting[table].since
        return not says_since or day <= days[-1]
    if table != step.days_of:
        return True
    return day in days if len(days) <= MOST_LISTED_DAYS else day >= days[0]


@contextmanager
def _affected(lakehouse: Lakehouse, step: ByDay, news: News) -> Iterator[DataFrame | None]:
    """The keys to compute again; None where only computing everything again is safe."""
    keys = None if news.is_given_other and not step.reopened else _changed(lakehouse, step, news)
    if keys is None:
        yield None
        return
    changed = [*news.changed]
    # A single answer of a change feed is worked out already.
    is_stored = (
        len(changed) == 1
        and changed[0] not in step.lasting
        and step.tells_key(changed[0])
        and not step.reopened
    )
    if step.reopened:
        keys.append(lakehouse.read(step.writes).where(step.reopened).select(*step.key))
    with distinct_keys(lakehouse, keys, is_stored=is_stored) as rows:
        yield rows


def _changed(lakehouse: Lakehouse, step: ByDay, news: News) -> list[DataFrame] | None:
    """The keys that changed rows of each input belong to; None where they cannot be told."""
    versions = news.versions_read
    if versions is None:
        return None
    keys = []
    for table, version in versions.items():
        columns = step.columns_in(table)
        try:
            if table in step.lasting:
                rows = _keys_while_lasting(lakehouse, step, step.lasting[table], version)
            elif columns:
                changes = lakehouse.changes(table, version, tuple(columns.values()))
                rows = keys_of(step, table, changes)
            else:
                return None
        except ChangesGone:
            return None
        keys.append(completed(lakehouse, step, rows))
    return keys


def _keys_while_lasting(
    lakehouse: Lakehouse, step: ByDay, lasting: Lasting, version: int
) -> DataFrame:
    """A key for each date for which a row that changed after `version` stands.

    A row that only ends at another time than before is no news for the dates before all its ends. Of
    several commits the feed tells every state, in no order: one that said anything else in any of them
    is news for all dates of each.
    """
    table = lasting.table
    names = lasting.column_names
    changes = lakehouse.changes(table, version, (*names, CHANGE_TYPE))
    start, end = _first_and_last_date(lasting)
    changes = changes.select("*", start.alias("_start"), end.alias("_end"))
    states = changes.groupBy(*(name for name in names if name != lasting.until), "_start").agg(
        F.bool_and(F.col(CHANGE_TYPE).startswith("update_")).alias("_updated"),
        F.min("_end").alias("_first_end"),
        F.max("_end").alias("_until"),
    )
    row = [name for name in table.keys if name != lasting.until]
    is_same = F.count("*").over(Window.partitionBy(*row)) == 1
    touched = states.withColumn(
        "_from", F.when(F.col("_updated") & is_same, F.col("_first_end")).otherwise(F.col("_start"))
    )
    columns = step.columns_in(table)
    touched = touched.select(
        "_from", "_until", *(F.col(theirs).alias(ours) for ours, theirs in columns.items())
    )
    partitions = (lakehouse.partition_rows(one) for one in (step.days_of, step.writes))
    days = {day for of_table in partitions for day in of_table if day is not None}
    is_within = (F.col(step.date) >= F.col("_from")) & (F.col(step.date) <= F.col("_until"))
    keys = touched.join(_dates(lakehouse, step, sorted(days)), is_within).select(
        step.date, *columns
    )
    has_all_of_key = 1 + len(columns) == len(step.key)
    if lasting.since in table.column_names or not has_all_of_key:
        return keys
    # What has always stood names all dates there are: those that its rows are on are few.
    theirs = step.columns_in(step.days_of)
    is_there = [F.col(f"named.{ours}") == F.col(f"there.{theirs[ours]}") for ours in step.key]
    rows = lakehouse.read(step.days_of)
    return keys.alias("named").join(rows.alias("there"), is_there, "left_semi")


def _first_and_last_date(lasting: Lasting) -> tuple[Column, Column]:
    """The first and the last date that a row stands for."""
    forever = F.lit(_FOREVER)
    return (
        F.coalesce(F.to_date(F.expr(lasting.since)), F.lit(_ALWAYS)),
        forever if lasting.until is None else F.coalesce(F.to_date(lasting.until), forever),
    )


def _stands(lasting: Lasting, earliest: date, latest: date) -> Column:
    """Whether a row stands for one of these dates, in terms that let files be skipped."""
    start = F.expr(lasting.since)
    has_begun = start.isNull() | (F.to_date(start) <= F.lit(latest))
    if lasting.until is None:
        return has_begun
    return has_begun & (F.col(lasting.until).isNull() | (F.col(lasting.until) >= F.lit(earliest)))
