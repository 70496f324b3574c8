"""The system tables themselves, read through the session that runs on Databricks.

Only what is new since the last night is read, from some hours before it: rows arrive late, and
bronze knows the ones it has. Columns are named one by one, because the tables grow, and those that
may hold secrets are never asked for.
"""

from datetime import date, datetime, timedelta

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from pipeline.errors import UserError, cause
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.tables.declaration import SourceTable

_SNAPSHOT = "snapshot"


class SystemTables:
    """Unity Catalog's system tables, behind the protocol of `pipeline.sources.protocol`."""

    name = "databricks"

    def __init__(self, spark: SparkSession, catalog: str = "system") -> None:
        self._spark = spark
        self._catalog = catalog

    def inspect(self, table: SourceTable) -> Presence:
        try:
            held = self._columns(table)
        except AnalysisException as error:
            return Presence(table, found=False, problem=f"{cause(error)}: {_grant(table)}")
        kept = [column for column in table.columns if not column.sensitive]
        return Presence(
            table,
            found=True,
            columns_missing=tuple(c.name for c in kept if c.name not in held),
            columns_retyped=tuple(
                f"{c.name} as {held[c.name]}"
                for c in kept
                if c.name in held and "<" not in c.type and held[c.name] != c.type
            ),
            where=table.system_name,
        )

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        try:
            held = self._columns(table)
        except AnalysisException as error:
            if table.required:
                raise UserError(
                    f"{table.system_name} cannot be read, and it is required: {_grant(table)}"
                ) from error
            return None
        for column in table.columns:
            if column.name not in held and not column.nullable:
                raise UserError(
                    f"{table.system_name} no longer has the column {column.name}:"
                    " this release of RightRun cannot read it"
                )
        watermark = table.watermark if table.watermark in held else None
        if watermark is None:
            return Delivery((Batch((self._spark.sql(self.select(table, held)),)),), _SNAPSHOT)
        newest = self._spark.sql(self.newest(table, watermark)).collect()[0][0]
        if newest is None:
            return None
        # A date or a time as text: the client would hand a time out in the zone of its own machine.
        until = datetime.fromisoformat(newest)
        since = None
        if after is not None and after != _SNAPSHOT:
            since = datetime.fromisoformat(after) - timedelta(hours=table.overlap_hours)
        rows = self._spark.sql(self.select(table, held, since=since, until=until))
        return Delivery((Batch((rows,)),), until.isoformat())

    def notices(self) -> tuple[str, ...]:
        return ()

    def newest(self, table: SourceTable, watermark: str) -> str:
        """SQL for the newest watermark that can be true: a row dated years ahead would otherwise
        put every later night behind it."""
        ahead = "date_add(current_date(), 1)"
        return (
            f"SELECT CAST(max({_name(watermark)}) AS STRING) AS newest FROM {self._from(table)}"
            f" WHERE {_name(watermark)} <= {ahead}"
        )

    def select(
        self,
        table: SourceTable,
        held: dict[str, str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> str:
        """SQL for the columns that bronze keeps, of rows whose watermark lies in [since, until]."""
        columns = ", ".join(
            _name(c.name) for c in table.columns if c.name in held and not c.sensitive
        )
        bounds = []
        if table.watermark is not None:
            column = _name(table.watermark)
            is_date = table.column(table.watermark).type == "date"
            if since is not None:
                bounds.append(f"{column} >= {_literal(since, is_date=is_date)}")
            # Rows without a watermark are for bronze to reject, once.
            if until is not None:
                newest = f"{column} <= {_literal(until, is_date=is_date)}"
                bounds.append(newest if since else f"({newest} OR {column} IS NULL)")
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
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


def _literal(moment: datetime | date, *, is_date: bool) -> str:
    if is_date:
        return f"DATE '{moment:%Y-%m-%d}'"
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}+00:00'"


def _grant(table: SourceTable) -> str:
    catalog, schema, _ = table.system_name.split(".")
    return (
        f"ask an account admin for GRANT USE CATALOG ON CATALOG {catalog}, and GRANT USE SCHEMA,"
        f" SELECT ON SCHEMA {catalog}.{schema}"
    )
