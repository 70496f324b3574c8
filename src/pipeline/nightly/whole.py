"""How a step is computed that is always computed whole: from all of its inputs, or their recent days."""

from collections.abc import Mapping
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse, Written
from pipeline.nightly.portions import Plan, Portion, partition_rows
from pipeline.steps.given import Given
from pipeline.steps.kinds import Appended, RecentDays, Whole
from pipeline.tables.declaration import Table


def plan(
    lakehouse: Lakehouse, step: Whole | RecentDays, given: Given, previous: Mapping[Table, int]
) -> Plan:
    """One portion of everything; `previous` has the versions of tables read as before this night."""
    first_day = _first_day(step, given) if isinstance(step, RecentDays) else None
    rows = sum(
        count
        for days in partition_rows(lakehouse, step).values()
        for day, count in days.items()
        if first_day is None or day is None or day >= first_day
    )
    inputs = [_since(lakehouse.read(table), table, first_day) for table in step.reads]
    inputs += [lakehouse.read(table, previous[table]) for table in step.reads_previous]
    portion = Portion(inputs, lambda output: _written(lakehouse, step, output), rows)
    return Plan(is_full=True, rows=rows, portions=[portion])


def _written(lakehouse: Lakehouse, step: Whole | RecentDays, output: DataFrame) -> Written:
    if not isinstance(step, Appended):
        return lakehouse.replace(step.writes, output)
    keys = list(step.writes.keys)
    stored = lakehouse.read(step.writes).select(*keys)
    return lakehouse.append(step.writes, output.join(stored, keys, "left_anti"))


def _first_day(step: RecentDays, given: Given) -> date:
    end = given.as_of.date()
    if "last_cost_day" in step.given and given.last_cost_day is not None:
        # Its windows of costs end as much earlier as billing is behind.
        end = min(end, given.last_cost_day + timedelta(days=1))
    return end - timedelta(days=step.days)


def _since(rows: DataFrame, table: Table, first_day: date | None) -> DataFrame:
    if first_day is None or table.partition_by is None:
        return rows
    return rows.where(F.col(table.partition_by) >= F.lit(first_day))
