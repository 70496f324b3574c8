"""A simulated account as the system tables of a stand-in workspace.

    python -m tools.workspace.system_tables REMOTE ACCOUNT [--after DAY] [--until DAY]

Days are those of the files of the account: first some, later more of them, as a source grows.
"""

import argparse
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.tables.declaration import SourceTable
from pipeline.tables.derive import identifier
from pipeline.tables.source import SOURCE_TABLES
from tools.workspace.server import CATALOG

_SNAPSHOT = "snapshot"


def deliver(spark: SparkSession, account: Path, after: str = "", until: str = "9999") -> None:
    """Append the files of these days to their tables, made where they are not there yet; a snapshot
    takes the place of the one before."""
    for table in (table for table in SOURCE_TABLES if table.is_system_table):
        _, schema, name = table.system_name.split(".")
        files = sorted((account / schema / name).glob("*.parquet"))
        chosen = [file for file in files if file.stem == _SNAPSHOT or after < file.stem <= until]
        if chosen:
            _write(spark, table, chosen)


def _write(spark: SparkSession, table: SourceTable, files: list[Path]) -> None:
    _, schema, name = table.system_name.split(".")
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {identifier(CATALOG, schema)}")
    rows = spark.read.option("mergeSchema", "true").parquet(*map(str, files))
    is_snapshot = files[0].stem == _SNAPSHOT
    rows.write.format("delta").mode("overwrite" if is_snapshot else "append").option(
        "mergeSchema", "true"
    ).saveAsTable(f"{CATALOG}.{schema}.{name}")


def main() -> None:
    """Deliver what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("remote")
    parser.add_argument("account", type=Path)
    parser.add_argument("--after", default="", metavar="DAY")
    parser.add_argument("--until", default="9999", metavar="DAY")
    arguments = parser.parse_args()
    spark = SparkSession.builder.remote(arguments.remote).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    deliver(spark, arguments.account.resolve(), arguments.after, arguments.until)


if __name__ == "__main__":
    main()
