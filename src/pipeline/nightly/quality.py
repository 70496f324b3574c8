"""The rules that follow from declarations, counted over the tables a night has changed."""

from collections.abc import Iterable, Sequence

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.positions import Positions
from pipeline.tables import ops
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.derive import row_checks, spark_schema

_CHECKED = (Layer.GOLD, Layer.MODEL, Layer.RECOMMENDATION, Layer.OPS)
READER = "quality"


def check_changed(
    spark: SparkSession, lakehouse: Lakehouse, positions: Positions, tables: Sequence[Table]
) -> None:
    """Check the tables that stand at a version not checked yet: by this night, or a killed one."""
    versions = {table: str(lakehouse.version(table)) for table in tables}
    unchecked = [
        table for table in tables if positions.of(READER, table.full_name) != versions[table]
    ]
    _check(spark, lakehouse, unchecked)
    positions.set_all(READER, {table.full_name: versions[table] for table in unchecked})


def _check(spark: SparkSession, lakehouse: Lakehouse, tables: Iterable[Table]) -> None:
    """Count violations in ops.quality, one query a table.

    Bronze is checked row by row as it is received; Gold and what nights have said
    are what people read, so they are checked whole.
    """
    counts: list[tuple[str, str, str, int, int]] = []
    for table in tables:
        checks = row_checks(table)
        if table.layer not in _CHECKED or not checks:
            continue
        row = (
            lakehouse.read(table)
            .agg(
                F.count("*").alias("rows"),
                *(
                    F.expr(f"count_if({check.violation})").alias(f"c{number}")
                    for number, check in enumerate(checks)
                ),
            )
            .collect()[0]
        )
        counts += [
            (table.full_name, check.name, check.column, row["rows"], row[f"c{number}"])
            for number, check in enumerate(checks)
        ]
    if counts:
        lakehouse.merge(
            ops.QUALITY, spark.createDataFrame(counts, schema=spark_schema(ops.QUALITY))
        )
