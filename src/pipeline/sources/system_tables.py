"""The system tables themselves, read through the session that runs on Databricks.

A row may land at any time after the moment it speaks of: hours late as a rule, days late where a
workspace or a region stalls while the others go on. No watermark of all of them together is safe, nor
any overlap. So each night counts the rows of each day, by the column that grows, and reads the days
that have more of them than when they were last read, whole; bronze knows the rows it has. That costs
one aggregate over one column, and the days on which something landed are read again.

System tables are regional but for a few, which show the whole account in every region. Those of other
regions are read from catalogs that are shared with this one: each regional table from every region,
counted by region, and each global table from the first region that has it. A region that cannot be
read, or falls behind, is named and holds up no other.

Columns are named one by one, because the tables grow, and those that may hold secrets are never asked
for.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import SparkSession

from pipeline.errors import UserError, cause
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import identifier
from pipeline.workspace.grants import WHO_GRANTS, reading_grants
from pipeline.workspace.system_catalogs import SystemCatalog, system_catalogs

_SNAPSHOT = "snapshot"
_NO_DAY = ""
"""Stands for the rows whose watermark is NULL."""
_ONE_DAY = timedelta(days=1)

Counts = dict[str, int]
"""Rows by the day of the watermark."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A table as one catalog has it."""

    catalog: SystemCatalog
    types: dict[str, str]
    """Its columns with their types."""
    types_named_by: Mapping[str, str] = field(default_factory=dict)
    """Those of the table that names its rows, where one does."""


class SystemTables:
    """Unity Catalog's system tables, behind the protocol of `pipeline.sources.protocol`."""

    name = "databricks"

    def __init__(self, spark: SparkSession, catalogs: str | Mapping[str, str] = "system") -> None:
        """`catalogs` as the setting system_catalog names them."""
        self._spark = spark
        self._catalogs = system_catalogs(catalogs)
        self._unread: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """The tables that a region does not have, with the reason, while another region has them."""
        self._behind: dict[str, date] = {}
        """The last day that a region has delivered runs of, while others have later days."""

    def inspect(self, table: SourceTable) -> Presence:
        readable, faults = self._look(table)
        problem = "; ".join(map(self._sentence, faults, faults.values()))
        mends = tuple(sql for catalog in faults for sql in self._grants(catalog, table))
        if not readable:
            problem = f"{problem}: {WHO_GRANTS} enables and grants it"
            return Presence(table, found=False, problem=problem, mends=mends)
        kept_columns = [column for column in table.columns if not column.sensitive]
        return Presence(
            table,
            found=True,
            columns_missing=_once(
                c.name for one in readable for c in kept_columns if c.name not in one.types
            ),
            columns_retyped=_once(
                f"{c.name} as {one.types[c.name]}"
                for one in readable
                for c in kept_columns
                if c.name in one.types and "<" not in c.type and one.types[c.name] != c.type
            ),
            problem=problem,
            mends=mends,
            where=", ".join(one.catalog.region or table.system_name for one in readable),
        )

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        readable, faults = self._look(table)
        if not readable:
            if table.required:
                statements = (sql for one in faults for sql in self._grants(one, table))
                raise UserError(
                    f"{table.system_name} cannot be read, and it is required: ask {WHO_GRANTS} for"
                    f" {'; '.join(dict.fromkeys(statements))}"
                ) from next(iter(faults.values()))
            return None
        for one in readable:
            _refuse_without_keys(table, one)
        for catalog, error in faults.items():
            self._unread[str(catalog.region)][table.system_name] = cause(error)
        if table.watermark is None or any(table.watermark not in one.types for one in readable):
            # Of some regions it would take away what the others have told before.
            is_partial = bool(faults) and not table.is_global and after is not None
            return None if is_partial else self._snapshot(table, readable)
        return self._grown(table, table.watermark, readable, after)

    def notices(self) -> tuple[str, ...]:
        unread = (
            f"region {region} could not be read for {_several(sorted(tables))}"
            f" ({', '.join(_once(tables.values()))}); the other regions were: run rightrun check"
            for region, tables in sorted(self._unread.items())
        )
        behind = (
            f"region {region} has delivered no runs {'' if day == date.min else f'after {day} '}while others"
            " have: what is said of its jobs is as old as that"
            for region, day in sorted(self._behind.items())
        )
        return (*unread, *behind)

    def _look(
        self, table: SourceTable
    ) -> tuple[list[Readable], dict[SystemCatalog, PySparkException]]:
        """Where the table can be read, and why it cannot elsewhere. A global table is looked for no
        further than the first region that has it."""
        readable: list[Readable] = []
        faults: dict[SystemCatalog, PySparkException] = {}
        for catalog in self._catalogs:
            try:
                readable.append(self._readable(catalog, table))
            except AnalysisException as error:
                faults[catalog] = error
            except PySparkException as error:
                # A share that does not answer; of the only catalog it is no reason to go on without.
                if len(self._catalogs) == 1:
                    raise
                faults[catalog] = error
            if table.is_global and readable:
                break
        return readable, faults

    def _snapshot(self, table: SourceTable, readable: list[Readable]) -> Delivery:
        rows = tuple(self._spark.sql(self.select(table, one)) for one in readable)
        region = readable[0].catalog.region if len(readable) == 1 else None
        return Delivery((Batch(rows, region=region),), _SNAPSHOT)

    def _grown(
        self, table: SourceTable, watermark: str, readable: list[Readable], after: str | None
    ) -> Delivery | None:
        """The days of each region that have more rows than at `after`."""
        # Of a global table it does not matter which region tells it.
        regions = [None if table.is_global else one.catalog.region for one in readable]
        position = _counts_by_region(after)
        batches, newest_days = [], {}
        for region, one in zip(regions, readable, strict=True):
            try:
                # Counted first: what lands between this and the reading makes its day grow once more.
                counts = self._count(table, one, watermark)
            except PySparkException as error:
                if len(self._catalogs) == 1:
                    raise
                self._unread[str(one.catalog.region)][table.system_name] = cause(error)
                continue
            read = position.get(region or "", {})
            grown_days = [day for day, rows in counts.items() if rows > read.get(day, 0)]
            position[region or ""] = counts
            newest_days[region] = _newest_past(counts)
            if grown_days:
                rows = self._spark.sql(self.select(table, one, grown_days if read else ()))
                batches.append(Batch((rows,), region=one.catalog.region))
        if table.required:
            newest = max(newest_days.values(), default=date.min)
            self._behind = {
                str(region): day for region, day in newest_days.items() if newest - day > _ONE_DAY
            }
        if not batches:
            return None
        return Delivery(tuple(batches), _position_of(position))

    def _count(self, table: SourceTable, readable: Readable, watermark: str) -> Counts:
        rows = self._spark.sql(self.rows_by_day(table, readable, watermark)).collect()
        return {row["day"] or _NO_DAY: row["n"] for row in rows}

    def rows_by_day(self, table: SourceTable, readable: Readable, watermark: str) -> str:
        """SQL for how many rows each day has, as far as the source still keeps it."""
        day = f"CAST({identifier(watermark)} AS DATE)"
        return (
            f"SELECT CAST({day} AS STRING) AS day, count(*) AS n"
            f" FROM {readable.catalog.sql_name(table)} GROUP BY {day}"
        )

    def select(self, table: SourceTable, readable: Readable, days: Iterable[str] = ()) -> str:
        """SQL for the columns that bronze keeps, of the rows of these days of the watermark, or of
        all rows where none is named."""
        columns = ", ".join(
            identifier(c.name)
            for c in table.columns
            if c.name in readable.types and not c.sensitive
        )
        bounds = " OR ".join(_within(table, days))
        conditions = [f"({bounds})"] if bounds else []
        conditions += _says_anything(table, readable.types)
        if named := table.only_named:
            says = [f"{named.name} IS NOT NULL", *_says_anything(named.by, readable.types_named_by)]
            conditions.append(
                f"{named.value} IN (SELECT {named.name} FROM {readable.catalog.sql_name(named.by)}"
                f" WHERE {' AND '.join(says)})"
            )
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {columns} FROM {readable.catalog.sql_name(table)}{where}"

    def _readable(self, catalog: SystemCatalog, table: SourceTable) -> Readable:
        named = table.only_named
        named_by = {} if named is None else self._columns(catalog, named.by)
        return Readable(catalog, self._columns(catalog, table), named_by)

    def _columns(self, catalog: SystemCatalog, table: SourceTable) -> dict[str, str]:
        """The columns the table has now, with their types."""
        rows = self._spark.sql(f"SELECT * FROM {catalog.sql_name(table)} LIMIT 0")
        return {field.name: field.dataType.simpleString() for field in rows.schema.fields}

    def _grants(self, catalog: SystemCatalog, table: SourceTable) -> tuple[str, str]:
        return reading_grants(catalog.name, catalog.schema_of(table), self._principal)

    @cached_property
    def _principal(self) -> str:
        """Who reads, as GRANT names them."""
        try:
            name = self._spark.sql("SELECT current_user() AS name").collect()[0]["name"]
        except PySparkException:
            name = ""
        # The embedded engine knows nobody.
        return str(name or "PRINCIPAL")

    @staticmethod
    def _sentence(catalog: SystemCatalog, error: PySparkException) -> str:
        return f"region {catalog.region}: {cause(error)}" if catalog.region else cause(error)


def _says_anything(table: SourceTable, types: Mapping[str, str]) -> list[str]:
    """The condition on rows that say anything to us, where the table has the columns for it."""
    asked = (column.name for column in table.columns if column.name in table.only_where)
    return [table.only_where] if table.only_where and all(name in types for name in asked) else []


def _refuse_without_keys(table: SourceTable, readable: Readable) -> None:
    for column in table.columns:
        if column.name not in readable.types and not column.nullable:
            where = f" in region {readable.catalog.region}" if readable.catalog.region else ""
            raise UserError(
                f"{table.system_name} no longer has the column {column.name}{where}:"
                " this release of RightRun cannot read it"
            )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _several(names: list[str]) -> str:
    more = f" and {len(names) - 1} other tables" if len(names) > 1 else ""
    return f"{names[0]}{more}"


def _counts_by_region(position: str | None) -> dict[str, Counts]:
    """How many rows each day of each region had at `position`, that of a region without a name under
    an empty one; none where the table was read otherwise before."""
    try:
        counts = json.loads(position or "")
    except ValueError:
        return {}
    if not isinstance(counts, dict):
        return {}
    is_by_region = all(isinstance(value, dict) for value in counts.values())
    return counts if is_by_region else {"": counts}


def _position_of(counts: dict[str, Counts]) -> str:
    return json.dumps(counts.get("", counts) if len(counts) == 1 else counts, sort_keys=True)


def _newest_past(counts: Counts) -> date:
    """The newest day that has rows and is not ahead of the clock; the first of all days without one."""
    today = datetime.now(UTC).date()
    days = (_day(text) for text, rows in counts.items() if text != _NO_DAY and rows)
    return max((day for day in days if day <= today), default=date.min)


def _within(table: SourceTable, days: Iterable[str]) -> Iterator[str]:
    """Conditions that hold on one of `days` each: ranges of the column, which let files be skipped."""
    if table.watermark is None:
        return
    column = identifier(table.watermark)
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
