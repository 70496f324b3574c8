"""The query of a difference on any engine: over views, for want of a Delta table with versions."""

from datetime import date

from pyspark.sql import SparkSession

from pipeline.lakehouse.catalog import statements
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things


def differing(spark: SparkSession) -> list[list[object]]:
    """Id, mark and count of what a merge in the scope of a day and no name would change."""
    same = FULL | {"id": "same", "tags": dict(FULL["tags"]), "first_seen_at": None}
    stored = things(spark, FULL, EMPTY, FULL | {"id": "same"}, FULL | {"id": "elsewhere"})
    staged = things(spark, FULL | {"count": 8}, same, FULL | {"id": "new"})
    scope = spark.createDataFrame([(date(2026, 1, 2), None)], "day date, name string")
    for name, frame in (("stored", stored), ("staged", staged), ("scope", scope)):
        frame.createOrReplaceTempView(name)
    gone = statements.gone(THINGS, "stored", 7, "staged", "scope", ("day", "name"))
    text = statements.difference("x", THINGS, "stored", 7, "staged", gone)
    query = text.removeprefix("CREATE TABLE x USING DELTA AS\n").replace(" VERSION AS OF 7", "")
    found = spark.sql(query).select("id", "_gone", "count").orderBy("id").collect()
    return [list(row) for row in found]
