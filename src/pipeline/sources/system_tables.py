"""The system tables themselves, read through the session that runs on Databricks.

A row may land at any time after the moment it speaks of: hours late as a rule, days late where a
workspace or a region stalls while the others go on. No watermark of all of them together is safe, nor
any overlap. So each night counts the rows of each day, by the column that grows, and reads the days
that have more of them than when they were last read, whole; bronze knows the rows it has. That costs
one aggregate over one column, and the days on which something landed are read again.

Columns are named one by one, because the tables grow, and those that may hold secrets are never asked
for.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from pipeline.errors import UserError, cause
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.tables.declaration import SourceTable

_SNAPSHOT = "snapshot"
_NO_DAY = ""
"""Stands for the rows whose watermark is NULL."""
_ONE_DAY = timedelta(days=1)


class SystemTables:
    """Unity Catalog's system tables, behind the protocol of `pipeline.sources.protocol`."""

    name = "databricks"

    def __init__(self, spark: SparkSession, catalog: str = "system") -> None:
        self._spark = spark
        self._catalog = catalog

    def inspect(self, table: SourceTable) -> Presence:
        try:
            types = self._columns(table)
        except AnalysisException as error:
            return Presence(table, found=False, problem=f"{cause(error)}: {_grant(table)}")
        kept_columns = [column for column in table.columns if not column.sensitive]
        return Presence(
            table,
            found=True,
            columns_missing=tuple(c.name for c in kept_columns if c.name not in types),
            columns_retyped=tuple(
                f"{c.name} as {types[c.name]}"
                for c in kept_columns
                if c.name in types and "<" not in c.type and types[c.name] != c.type
            ),
            where=table.system_name,
        )

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        try:
            types = self._columns(table)
        except AnalysisException as error:
            if table.required:
                raise UserError(
                    f"{table.system_name} cannot be read, and it is required: {_grant(table)}"
                ) from error
            return None
        for column in table.columns:
            if column.name not in types and not column.nullable:
                raise UserError(
                    f"{table.system_name} no longer has the column {column.name}:"
                    " this release of RightRun cannot read it"
                )
        watermark = table.watermark if table.watermark in types else None
        if watermark is None:
            return Delivery((Batch((self._spark.sql(self.select(table, types)),)),), _SNAPSHOT)
        # Counted first: what lands between this and the reading makes its day grow once more.
        counts = {
            row["day"] or _NO_DAY: row["n"]
            for row in self._spark.sql(self.rows_by_day(table, watermark)).collect()
        }
        read = _counts(after)
        grown_days = [day for day, rows in counts.items() if rows > read.get(day, 0)]
        if not grown_days:
            return None
        rows = self._spark.sql(self.select(table, types, grown_days if read else ()))
        return Delivery((Batch((rows,)),), json.dumps(counts, sort_keys=True))

    def notices(self) -> tuple[str, ...]:
        return ()

    def rows_by_day(self, table: SourceTable, watermark: str) -> str:
        """SQL for how many rows each day has, as far as the source still keeps it."""
        day = f"CAST({_name(watermark)} AS DATE)"
        return (
            f"SELECT CAST({day} AS STRING) AS day, count(*) AS n FROM {self._from(table)}"
            f" GROUP BY {day}"
        )

    def select(self, table: SourceTable, types: Mapping[str, str], days: Iterable[str] = ()) -> str:
        """SQL for the columns that bronze keeps, of the rows of these days of the watermark, or of
        all rows where none is named."""
        columns = ", ".join(
            _name(c.name) for c in table.columns if c.name in types and not c.sensitive
        )
        bounds = " OR ".join(_within(table, days))
        where = f" WHERE {bounds}" if bounds else ""
        return f"SELECT {columns} FROM {self._from(table)}{where}"

    def _columns(self, table: SourceTable) -> dict[str, str]:
        """The columns the table has now, with their types."""
        rows = self._spark.sql(f"SELECT * FROM {self._from(table)} LIMIT 0")
        return {field.name: field.dataType.simpleString() for field in rows.schema.fields}

    def _from(self, table: SourceTable) -> str:
        _, schema, name = table.system_name.split(".")
        return ".".join(_name(part) for part in (self._catalog, schema, name))


def _name(identifier: str) -> str:
    return f"`{identifier}`"


def _counts(position: str | None) -> dict[str, int]:
    """How many rows each day had at `position`; none where the table was read otherwise before."""
    try:
        counts = json.loads(position or "")
    except ValueError:
        return {}
    return counts if isinstance(counts, dict) else {}


def _within(table: SourceTable, days: Iterable[str]) -> Iterator[str]:
    """Conditions that hold on one of `days` each: ranges of the column, which let files be skipped."""
    if table.watermark is None:
        return
    column = _name(table.watermark)
    is_date = table.column(table.watermark).type == "date"
    named = set(days)
    if _NO_DAY in named:
        yield f"{column} IS NULL"
    for first, last in _runs(sorted({_day(text) for text in named - {_NO_DAY}})):
        bounds = []
        # Beyond both ends lies what has no date in Python, for bronze to reject.
        if first > date.min:
            bounds.append(f"{column} >= {_literal(first, is_date=is_date)}")
        if last < date.max:
            bounds.append(f"{column} < {_literal(last + _ONE_DAY, is_date=is_date)}")
        yield f"({' AND '.join(bounds) or 'TRUE'})"


def _runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """First and last of the days that follow each other without a gap."""
    run: list[date] = []
    for day in days:
        if run and day - run[-1] > _ONE_DAY:
            yield run[0], run[-1]
            run = []
        run.append(day)
    if run:
        yield run[0], run[-1]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min if text.startswith("-") else date.max


def _literal(day: date, *, is_date: bool) -> str:
    text = day.isoformat()
    return f"DATE '{text}'" if is_date else f"TIMESTAMP '{text} 00:00:00+00:00'"


def _grant(table: SourceTable) -> str:
    catalog, schema, _ = table.system_name.split(".")
    return (
        f"ask an account admin for GRANT USE CATALOG ON CATALOG {catalog}, and GRANT USE SCHEMA,"
        f" SELECT ON SCHEMA {catalog}.{schema}"
    )
