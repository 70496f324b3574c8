"""Which rows of a step's output its changed inputs touch, and what of the inputs they come from.

A scope is one combination of the step's scope columns. Changed rows of each input, old and new
values alike, give the scopes to recompute; the inputs are then cut to them. Where scopes name dates,
or an input is never dated before its row in the output, other partitions are not read: a night
costs what is new, not what is old.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.graph.graph import Step
from pipeline.lakehouse.protocol import CHANGE_TYPE, ChangesGone, Lakehouse
from pipeline.tables.declaration import Table

_MOST_DATES = 400
"""Beyond this many dates the list costs more to plan than the partitions it spares."""
_ALWAYS, _FOREVER = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes to recompute: one row each, and the dates that they stand for."""

    rows: DataFrame
    dates: tuple[date, ...] = ()
    """Of a dated step all dates of its scopes; of another the earliest date its rows can have."""
    held: Mapping[Table, Collection[date]] = field(default_factory=dict)
    """Of a step without dates the days of its dated inputs on which such rows can stand."""

    @classmethod
    def of_dates(cls, step: Step, dates: Iterable[date], like: DataFrame) -> "Scopes":
        """All there is on these dates."""
        days = tuple(sorted(dates))
        rows = like.sparkSession.createDataFrame([(day,) for day in days], f"`{step.date}` date")
        return cls(rows, days)

    def on(self, step: Step, dates: Iterable[date]) -> "Scopes":
        """The scopes of a dated step on these of its dates."""
        days = tuple(sorted(dates))
        return Scopes(self.rows.where(F.col(step.date).isin(*days)), days)


@contextmanager
def affected(
    lakehouse: Lakehouse,
    step: Step,
    seen: dict[Table, int | None],
    changed: list[Table],
    *,
    clock_moved: bool,
) -> Iterator[Scopes | None]:
    """What changed since the versions `seen`, while the block lasts; None where only recomputing
    everything is safe."""
    found = _found(lakehouse, step, seen, changed, clock_moved=clock_moved)
    if found is None:
        yield None
        return
    with ExitStack() as staged:
        rows = reduce(DataFrame.union, found.rows).distinct()
        if not _is_answer(step, changed):
            # Worked out once: each input is cut to them, and so is what stands in the output.
            rows = staged.enter_context(lakehouse.stage(rows))
        if step.is_dated:
            days = rows.select(step.date).distinct().collect()
            yield Scopes(rows, tuple(sorted(row[0] for row in days)))
        elif step.looks_up_days:
            stands = found.days | lakehouse.days_of(step.writes, rows)
            yield Scopes(rows, (min(stands),) if stands else ())
        else:
            yield Scopes(rows, held=_held(lakehouse, step, rows))


def _held(lakehouse: Lakehouse, step: Step, rows: DataFrame) -> dict[Table, set[date]]:
    """For each dated input that tells its scopes, the days on which rows for these can stand, unless
    they are too many."""
    found = {}
    for table in step.reads:
        if table.partition_by and tells_scope(step, table):
            named = _named(step, table).items()
            wanted = rows.select(*(F.col(ours).alias(theirs) for ours, theirs in named))
            days = lakehouse.days_of(table, wanted)
            if len(days) <= _MOST_DATES:
                found[table] = days
    return found


def _is_answer(step: Step, changed: list[Table]) -> bool:
    """Whether the scopes are what one change feed answers, which is worked out already."""
    if len(changed) != 1 or step.reopened:
        return False
    return changed[0] not in step.spans and tells_scope(step, changed[0])


@dataclass(frozen=True, slots=True)
class _Found:
    """Scopes with repetitions; and where the step looks up days, the earliest dates of the rows that
    changed: what else is of their scopes is no earlier, or the output has a row of it."""

    rows: list[DataFrame]
    days: set[date]


def _found(
    lakehouse: Lakehouse,
    step: Step,
    seen: dict[Table, int | None],
    changed: list[Table],
    *,
    clock_moved: bool,
) -> _Found | None:
    if not step.scope or any(last is None for last in seen.values()):
        return None
    if clock_moved and not step.reopened:
        return None
    found = _Found([], set())
    for table in changed:
        last = seen[table]
        if last is None or not _named(step, table):
            return None
        try:
            rows, days = _touched(lakehouse, step, table, last)
        except ChangesGone:
            return None
        found.rows.append(rows)
        found.days.update(days)
    if step.reopened:
        output = lakehouse.read(step.writes)
        found.rows.append(output.where(step.reopened).select(*step.scope))
    return found


def cut(rows: DataFrame, step: Step, table: Table, scopes: Scopes) -> DataFrame:
    """The rows of the input `table` that belong to `scopes`."""
    if not scopes.dates:
        days = scopes.held.get(table)
        if days is not None:
            on = F.col(str(table.partition_by)).isin(*days) if days else F.lit(False)
            rows = rows.where(on)
        return _matching(rows, step, table, scopes.rows)
    earliest, latest = scopes.dates[0], scopes.dates[-1]
    if table in step.spans:
        rows = rows.where(_stands(step, table, earliest, latest))
    elif step.is_aligned(table) and len(scopes.dates) <= _MOST_DATES:
        rows = rows.where(F.col(str(table.partition_by)).isin(*scopes.dates))
        if scopes.rows.columns == [step.date]:
            return rows
    elif table in step.pruned:
        rows = rows.where(F.col(str(table.partition_by)) >= earliest)
    return _matching(rows, step, table, scopes.rows)


def shared_out(rows: DataFrame, step: Step, table: Table, share: int, shares: int) -> DataFrame:
    """Of the input `table` the rows of one share of all scopes, of `shares` about equal ones; all
    rows where the input does not tell their scope."""
    if not tells_scope(step, table):
        return rows
    columns = [step.in_input(table, column) for column in step.scope]
    return rows.where(_place(columns, shares) == share)


def standing(rows: DataFrame, step: Step, share: int, shares: int) -> DataFrame:
    """The scopes of one share, as `shared_out`, that have rows in the step's output `rows`."""
    return rows.where(_place(step.scope, shares) == share).select(*step.scope).distinct()


def _place(scope: Iterable[str], shares: int) -> Column:
    return F.pmod(F.xxhash64(*scope), F.lit(shares))


def tells_scope(step: Step, table: Table) -> bool:
    """Whether each row of the input `table` names the scope that it belongs to."""
    return bool(step.scope) and len(_named(step, table)) == len(step.scope)


def is_read(step: Step, table: Table, scopes: Scopes, day: date) -> bool:
    """Whether the partition `day` of the input `table` is read for `scopes`."""
    if not scopes.dates:
        return day in scopes.held.get(table, (day,))
    if table in step.spans:
        return table.partition_by != step.spans[table][0] or day <= scopes.dates[-1]
    if step.is_aligned(table) and len(scopes.dates) <= _MOST_DATES:
        return day in scopes.dates
    return table not in step.pruned or day >= scopes.dates[0]


def _touched(
    lakehouse: Lakehouse, step: Step, table: Table, last: int
) -> tuple[DataFrame, set[date]]:
    """The scopes of the rows of `table` that changed after version `last`; and where the step looks up
    days, the earliest date of those rows."""
    named = _named(step, table)
    if table in step.spans:
        return _whole(lakehouse, step, _days_touched(lakehouse, step, table, last), named), set()
    dated_by = table.partition_by if step.looks_up_days else None
    wanted = tuple(dict.fromkeys((*named.values(), *filter(None, (dated_by,)))))
    changes = lakehouse.changes(table, last, wanted)
    rows = changes.select(*(F.col(theirs).alias(ours) for ours, theirs in named.items()))
    day = changes.select(F.min(dated_by)).collect()[0][0] if dated_by else None
    return _whole(lakehouse, step, rows, named), {day} if day else set()


def _days_touched(lakehouse: Lakehouse, step: Step, table: Table, last: int) -> DataFrame:
    """A row for each date on which a row of `table` that changed after version `last` stands.

    A row that only ends at another time than before is no news for the dates before all its ends. Of
    several commits the feed tells every state, in no order: one that said anything else in any of them
    is news for all dates of each.
    """
    kept = [name for name in table.column_names if name not in table.audit_names]
    start, end = _span(step, table)
    changes = lakehouse.changes(table, last, (*kept, CHANGE_TYPE))
    changes = changes.select("*", start.alias("_start"), end.alias("_end"))
    same = [name for name in kept if name != step.spans[table][1]]
    states = changes.groupBy(*same, "_start").agg(
        F.bool_and(F.col(CHANGE_TYPE).startswith("update_")).alias("_updated"),
        F.min("_end").alias("_first_end"),
        F.max("_end").alias("_until"),
    )
    is_same = F.count("*").over(Window.partitionBy(*table.keys)) == 1
    touched = states.withColumn(
        "_from", F.when(F.col("_updated") & is_same, F.col("_first_end")).otherwise(F.col("_start"))
    )
    plain = {ours: theirs for ours, theirs in _named(step, table).items() if ours != step.date}
    touched = touched.select(
        "_from", "_until", *(F.col(theirs).alias(ours) for ours, theirs in plain.items())
    )
    days = {day for one in (*step.pruned, step.writes) for day in lakehouse.partition_rows(one)}
    known = lakehouse.read(step.writes).sparkSession.createDataFrame(
        [(day,) for day in sorted(filter(None, days))], f"`{step.date}` date"
    )
    within = (F.col(step.date) >= F.col("_from")) & (F.col(step.date) <= F.col("_until"))
    rows = touched.join(known, within).select(step.date, *plain)
    if step.spans[table][0] in table.column_names or 1 + len(plain) < len(step.scope):
        return rows
    # What has always stood names all dates there are: those that its rows are on are few.
    first = lakehouse.read(step.reads[0])
    on = [
        F.col(f"named.{name}") == F.col(f"there.{step.in_input(step.reads[0], name)}")
        for name in step.scope
    ]
    return rows.alias("named").join(first.alias("there"), on, "left_semi")


def _span(step: Step, table: Table) -> tuple[Column, Column]:
    """The first and the last date that a row of `table` stands for."""
    start, end = step.spans[table]
    forever = F.lit(_FOREVER)
    return (
        F.coalesce(F.to_date(F.expr(start)), F.lit(_ALWAYS)),
        forever if end is None else F.coalesce(F.to_date(end), forever),
    )


def _stands(step: Step, table: Table, earliest: date, latest: date) -> Column:
    """Whether a row of `table` stands for one of these dates, in terms that let files be skipped."""
    begins, ends = step.spans[table]
    start = F.expr(begins)
    has_begun = start.isNull() | (F.to_date(start) <= F.lit(latest))
    if ends is None:
        return has_begun
    return has_begun & (F.col(ends).isNull() | (F.col(ends) >= F.lit(earliest)))


def _whole(lakehouse: Lakehouse, step: Step, rows: DataFrame, told: Collection[str]) -> DataFrame:
    """Scopes with all their columns: those that `rows`, with the columns `told`, lacks are looked up
    in the first input."""
    if len(told) < len(step.scope):
        first = step.reads[0]
        rows = _matching(lakehouse.read(first), step, first, rows).select(
            *(F.col(step.in_input(first, ours)).alias(ours) for ours in step.scope)
        )
    return rows.select(*step.scope)


def _named(step: Step, table: Table) -> dict[str, str]:
    """The step's scope columns that `table` tells: our name to the table's."""
    named = {ours: step.in_input(table, ours) for ours in step.scope}
    told = {ours: theirs for ours, theirs in named.items() if theirs in table.column_names}
    if table in step.spans:
        told[step.date] = step.date
    return told


def _matching(rows: DataFrame, step: Step, table: Table, scopes: DataFrame) -> DataFrame:
    """The rows of `table` that belong to `scopes`, as far as the two share columns."""
    shared = {o: t for o, t in _named(step, table).items() if o in scopes.columns}
    if table in step.spans:
        shared.pop(step.date, None)  # cut by its time already
    if not shared:
        return rows
    wanted = scopes.select(*(F.col(ours).alias(theirs) for ours, theirs in shared.items()))
    return rows.join(wanted.distinct(), list(shared.values()), "left_semi")
