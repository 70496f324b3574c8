"""DuckDB's reference (benchmarks/speed/reference.sql) in the words of Apache Spark, into tables of Delta.

    python -m benchmarks.scale.reference REMOTE

Prints the seconds of each table as JSON.
"""

import json
import re
import sys
import time

import sqlglot
from pyspark.sql import SparkSession

from benchmarks.speed.night import REFERENCE
from tools.workspace.server import CATALOG

_FILES = re.compile(r"read_parquet\('\{export\}/(\w+)/(\w+)/\*\.parquet'[^)]*\)")
# What sqlglot leaves as it stands in DuckDB. A histogram of 101 bins counts whole percents exactly.
_WORDS = {
    "EPOCH_US(": "UNIX_MICROS(",
    "PERCENTILE_CONT(": "PERCENTILE(",
    "HISTOGRAM(FLOOR(LEAST(GREATEST(cpu, 0), 100)))": "HISTOGRAM_NUMERIC(FLOOR(LEAST(GREATEST(cpu, 0), 100)), 101)",
    "HISTOGRAM(FLOOR(LEAST(GREATEST(mem, 0), 100)))": "HISTOGRAM_NUMERIC(FLOOR(LEAST(GREATEST(mem, 0), 100)), 101)",
}


def statements() -> dict[str, str]:
    """The statement that makes each table, from the system tables of the catalog."""
    text = _FILES.sub(rf"{CATALOG}.\1.\2", REFERENCE.read_text(encoding="utf-8"))
    by_table = {}
    for statement in sqlglot.transpile(text, read="duckdb", write="databricks"):
        for theirs, ours in _WORDS.items():
            statement = statement.replace(theirs, ours)
        table = statement.split()[2]
        by_table[table] = statement.replace(f"{table} AS", f"{table} USING DELTA AS", 1)
    return by_table


def main() -> None:
    spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.sql(f"CREATE SCHEMA {CATALOG}.reference")
    spark.sql(f"USE {CATALOG}.reference")
    seconds = {}
    for table, statement in statements().items():
        began = time.perf_counter()
        spark.sql(statement)
        seconds[table] = round(time.perf_counter() - began, 2)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
