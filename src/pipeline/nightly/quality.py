"""The rules that follow from declarations, counted over the tables a night has changed."""

from collections.abc import Iterable

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import ops
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.derive import row_checks, spark_schema

_CHECKED = (Layer.GOLD, Layer.MODEL, Layer.RECOMMENDATION)


def check_tables(spark: SparkSession, lakehouse: Lakehouse, tables: Iterable[Table]) -> None:
    """Count violations in ops.quality, one query a table.

    Bronze is checked row by row as it is received; Gold is what people read, so it is checked whole.
    """
    found: list[tuple[str, str, str, int, int]] = []
    for table in tables:
        checks = row_checks(table)
        if table.layer not in _CHECKED or not checks:
            continue
        counted = (
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
        found += [
            (table.full_name, check.name, check.column, counted["rows"], counted[f"c{number}"])
            for number, check in enumerate(checks)
        ]
    if found:
        lakehouse.merge(ops.QUALITY, spark.createDataFrame(found, schema=spark_schema(ops.QUALITY)))
