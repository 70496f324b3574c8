"""A table with a column of every type that declarations use, and rows for it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.derive import spark_schema

THINGS = Table(
    layer=Layer.SILVER,
    name="things",
    grain="one thing, 'quoted' and all",
    keys=("id",),
    partition_by="day",
    columns=(
        Column("id", "string", "Key", nullable=False),
        Column("day", "date", "Partition", nullable=False),
        Column("name", "string", "It's a name", unit="words"),
        Column("order", "bigint", "A reserved word"),
        Column("count", "int", "A number", nullable=False),
        Column("share", "double", "A number"),
        Column("ready", "boolean", "A truth"),
        Column("cost", "decimal(38,18)", "Money"),
        Column("ended_at", "timestamp", "A time"),
        Column("due", "date", "A date"),
        Column("tags", "map<string,string>", "A map"),
        Column("compute", "array<struct<kind:string, node:string>>", "A list of structs"),
        Column(
            "trigger", "struct<cron:string, every:struct<hours:int, days:array<int>>>", "Nested"
        ),
        Column("ids", "array<string>", "A list"),
        Column("first_seen_at", "timestamp", "When received", audit=True),
    ),
)

FULL: dict[str, Any] = {
    "id": "a",
    "day": date(2026, 1, 1),
    "name": "été",
    "order": 2**40,
    "count": 7,
    "share": 0.1,
    "ready": True,
    "cost": Decimal("12345678901234567890.123456789012345678"),
    "ended_at": datetime(2026, 1, 1, 23, 59, 59, 123456, tzinfo=UTC),
    "due": date(1969, 12, 31),
    "tags": {"team": "x", "empty": None},
    "compute": [("CLUSTER", "m5"), None, (None, "r5")],
    "trigger": ("0 0 * * *", (1, [1, 2])),
    "ids": ["p", None],
    "first_seen_at": datetime(2026, 1, 2, tzinfo=UTC),
}
EMPTY: dict[str, Any] = {
    **dict.fromkeys(THINGS.column_names),
    "id": "b",
    "day": date(2026, 1, 2),
    "count": 0,
    "first_seen_at": datetime(2026, 1, 2, tzinfo=UTC),
}


def things(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    values = [tuple(row[name] for name in THINGS.column_names) for row in rows]
    return spark.createDataFrame(values, spark_schema(THINGS))


def cut_log_short(folder: DeltaFolder) -> None:
    """What a checkpoint does of itself once commits are a month old: earlier ones leave the log."""
    delta = DeltaTable(str(folder.path(THINGS)))
    delta.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 seconds"})
    delta.create_checkpoint()
    delta.cleanup_metadata()
    commits = sorted((folder.path(THINGS) / "_delta_log").glob("*.json"))
    assert int(commits[0].stem) > 1
