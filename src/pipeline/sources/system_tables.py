"""The system tables themselves, read through the session that runs on Databricks.

Only what is new since the last night is read, from some hours before it: rows arrive late, and
bronze knows the ones it has. Columns are named one by one, because the tables grow.
"""

from datetime import date, datetime, timedelta

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.sources.protocol import Delivery, Presence
from pipeline.tables.declaration import SourceTable


class SystemTables:
    """Unity Catalog's system tables, behind the protocol of `pipeline.sources.protocol`."""

    name = "databricks"

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def inspect(self, table: SourceTable) -> Presence:
        try:
            held = self._spark.table(table.system_name).columns
        except AnalysisException:
            return Presence(table, found=False, problem=_grant(table))
        missing = tuple(c.name for c in table.columns if c.name not in held and not c.sensitive)
        return Presence(table, found=True, columns_missing=missing, where=table.system_name)

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        try:
            rows = self._spark.table(table.system_name)
            held = rows.columns
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
        rows = rows.select(*(c.name for c in table.columns if c.name in held and not c.sensitive))
        if table.watermark is None:
            return Delivery((rows,), position="snapshot")
        return self._read_new(table, rows, table.watermark, after)

    def _read_new(
        self, table: SourceTable, rows: DataFrame, watermark: str, after: str | None
    ) -> Delivery | None:
        if after is not None:
            since = datetime.fromisoformat(after) - timedelta(hours=table.overlap_hours)
            rows = rows.where(F.col(watermark) >= F.lit(since))
        newest = rows.agg(F.max(watermark)).collect()[0][0]
        if newest is None:
            return None
        return Delivery((rows,), position=_iso(newest))


def _iso(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return moment.isoformat()
    return datetime(moment.year, moment.month, moment.day).isoformat()


def _grant(table: SourceTable) -> str:
    catalog, schema, _ = table.system_name.split(".")
    return (
        f"ask an account admin for USE CATALOG on {catalog}, and USE SCHEMA and SELECT on"
        f" {catalog}.{schema}"
    )
