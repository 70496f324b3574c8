"""How much each attempt has read.

What its statements have read, where `system.query.history` tells of them: those of serverless compute and
of SQL warehouses. Else what a cluster received over the network that no other run used, by
`node_timeline`; that counts what nodes send each other as well, but grows with the input. A statement, or a cluster, belongs to
the attempt that was the last to have started when it was begun. An attempt of which neither is known has no
row.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import ByDatedKey
from pipeline.tables import bronze, silver

_RUN = ["workspace_id", "run_id"]
_ATTEMPT = [*_RUN, "attempt"]


def attempt_inputs(
    attempts: DataFrame, statements: DataFrame, utilisation: DataFrame, run_clusters: DataFrame
) -> DataFrame:
    """silver.attempt_inputs from silver.attempts, bronze.query_history, silver.run_utilisation and
    silver.run_clusters."""
    in_order = Window.partitionBy(*_RUN).orderBy("attempt")
    spans = attempts.select(
        *_ATTEMPT,
        "run_date",
        F.when(F.col("attempt") > 0, F.col("started_at")).alias("from_at"),
        F.lead("started_at").over(in_order).alias("until_at"),
    )
    read = (
        _of_attempts(spans, _statements(statements))
        .groupBy("run_date", *_ATTEMPT)
        .agg(
            F.sum("read_bytes").alias("read_bytes"),
            F.sum("spilled_local_bytes").alias("spilled_bytes"),
        )
    )
    received = (
        _of_attempts(spans, _received(utilisation, run_clusters))
        .groupBy("run_date", *_ATTEMPT)
        .agg(F.sum("received_bytes").alias("received_bytes"))
    )
    known = read.join(received, ["run_date", *_ATTEMPT], "full_outer").withColumn(
        "input_bytes", F.coalesce("read_bytes", "received_bytes")
    )
    return known.where("input_bytes IS NOT NULL").select(
        "run_date",
        *_ATTEMPT,
        "input_bytes",
        F.when(F.col("read_bytes").isNotNull(), F.lit("queries"))
        .otherwise(F.lit("network"))
        .alias("input_source"),
        "spilled_bytes",
    )


def _statements(statements: DataFrame) -> DataFrame:
    """Each statement of a run as it was last told."""
    newest = Window.partitionBy("workspace_id", "statement_id").orderBy(
        F.col("update_time").desc(), F.col("start_time").desc()
    )
    return (
        statements.where("job_run_id <> ''")
        .withColumn("recency", F.row_number().over(newest))
        .where("recency = 1")
        .select(
            "workspace_id",
            F.col("job_run_id").alias("run_id"),
            F.col("start_time").alias("begun_at"),
            "read_bytes",
            "spilled_local_bytes",
        )
    )


def _received(utilisation: DataFrame, run_clusters: DataFrame) -> DataFrame:
    """What each cluster of a run has received, and when the run began to use it."""
    by_cluster = utilisation.groupBy(*_RUN, "cluster_id").agg(
        F.sum("network_received_bytes").alias("received_bytes")
    )
    began = run_clusters.select(*_RUN, "cluster_id", F.col("used_from").alias("begun_at"))
    return by_cluster.join(began, [*_RUN, "cluster_id"])


def _of_attempts(spans: DataFrame, begun: DataFrame) -> DataFrame:
    """What was begun for a run, with the attempt that it was begun in."""
    has_started = F.col("from_at").isNull() | (F.col("begun_at") >= F.col("from_at"))
    is_before_next = F.col("until_at").isNull() | (F.col("begun_at") < F.col("until_at"))
    return begun.join(spans, _RUN).where(has_started & is_before_next)


STEPS = (
    ByDatedKey(
        name="attempt_inputs",
        run=attempt_inputs,
        reads=(
            silver.ATTEMPTS,
            bronze.QUERY_HISTORY,
            silver.RUN_UTILISATION,
            silver.RUN_CLUSTERS,
        ),
        writes=silver.ATTEMPT_INPUTS,
        key=("workspace_id", "run_id"),
        called={"run_id": "job_run_id"},
    ),
)
