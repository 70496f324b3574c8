"""Which tables each run read and wrote, from the events of lineage.

An event may name a table read, a table written, or both. Paths that are no tables are left out, and so is
what no job's run did.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import ByDatedKey
from pipeline.tables import bronze, silver

_RUN = ["workspace_id", "run_id"]


def table_uses(events: DataFrame) -> DataFrame:
    """silver.table_uses from bronze.table_lineage."""
    of_runs = events.where("job_run_id <> ''").select(
        "workspace_id",
        F.col("job_run_id").alias("run_id"),
        "event_time",
        F.explode(
            F.array(
                F.struct(F.lit("read").alias("action"), F.col("read_table").alias("table_name")),
                F.struct(
                    F.lit("write").alias("action"), F.col("written_table").alias("table_name")
                ),
            )
        ).alias("use"),
    )
    used = (
        of_runs.select(
            *_RUN,
            "event_time",
            F.col("use")["action"].alias("action"),
            F.col("use")["table_name"].alias("table_name"),
        )
        .where("table_name <> ''")
        .groupBy(*_RUN, "action", "table_name")
        .agg(
            F.min("event_time").alias("first_at"),
            F.max("event_time").alias("last_at"),
            F.count("*").alias("events"),
        )
    )
    first = F.min("first_at").over(Window.partitionBy(*_RUN))
    return used.withColumn("use_date", F.to_date(first)).select(*silver.TABLE_USES.column_names)


STEPS = (
    ByDatedKey(
        name="table_uses",
        run=table_uses,
        reads=(bronze.TABLE_LINEAGE,),
        writes=silver.TABLE_USES,
        key=("workspace_id", "run_id"),
        called={"run_id": "job_run_id"},
    ),
)
