"""A cluster size for every job, from what its workers did and what its runs cost in 30 days.

Only what can be compared is: the number of workers of the same node type, on job compute with one
cluster a run. Minutes of a size the job no longer has say little about the one it has, so only runs
on the newest size count.
"""

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from optimizer.rightsizing import demand_of_histograms, recommend_many
from pipeline.exact_sums import exact_sum
from pipeline.scoring.buckets import score_by_job
from pipeline.tables import gold
from pipeline.tables.derive import spark_schema

_JOB = ["workspace_id", "job_id"]
_SIZE = ("workers", "worker_node_type")
_TOLD = (
    "worker_node_type",
    "runs",
    "node_minutes",
    "swap_max_pct",
    "io_wait_mean_pct",
)


def rightsizing(
    jobs: DataFrame,
    run_utilisation: DataFrame,
    run_clusters: DataFrame,
    clusters: DataFrame,
    run_costs: DataFrame,
    states: DataFrame,
    job_forecast: DataFrame,
    *,
    currency_code: str,
) -> DataFrame:
    """gold.rightsizing, one row for every job of gold.jobs."""
    used = _newest_size(run_clusters, clusters)
    seen = _utilisation(run_utilisation, used)
    cost = run_costs.groupBy(*_JOB).agg(F.sum("list_cost").cast("double").alias("list_cost"))
    current = used.groupBy(*_JOB).agg(
        F.max("workers").cast("int").alias("workers"),
        F.max("worker_node_type").alias("worker_node_type"),
        F.max("is_autoscaling").alias("is_autoscaling"),
        F.max("clusters_a_run").alias("clusters_a_run"),
    )
    known = (
        jobs.select("workspace_id", "series_key", "job_id")
        .join(current, _JOB, "left")
        .join(seen, _JOB, "left")
        .join(cost, _JOB, "left")
        .join(
            states.select(F.col("job_id").alias("series_key"), "quantile_seconds"),
            "series_key",
            "left",
        )
        .join(job_forecast.select("series_key", "allowed_seconds"), "series_key", "left")
    )
    # All there is to say of a job goes through the UDF: joined to its answers afterwards, the
    # utilisation would be summed twice.
    asked = known.select(
        F.col("series_key").alias("job_id"),
        _obstacle().alias("obstacle"),
        F.col("workers").cast("double").alias("workers"),
        "worker_node_type",
        "cpu_histogram",
        "mem_histogram",
        F.coalesce("node_minutes", F.lit(0)).alias("node_minutes"),
        F.col("nodes_max").cast("double").alias("nodes"),
        "swap_max_pct",
        "io_wait_mean_pct",
        F.coalesce("sized_runs", F.lit(0)).alias("runs"),
        "quantile_seconds",
        "allowed_seconds",
        "list_cost",
    )
    schema = spark_schema(gold.RIGHTSIZING).replace("`", "")
    answered = score_by_job(asked, _sizes, f"job_id string, {schema}", counted=jobs)
    # Of a job that failed inside, only its key comes back.
    return (
        answered.withColumn("series_key", F.col("job_id"))
        .withColumn("workspace_id", F.substring_index("job_id", "/", 1))
        .withColumn("runs", F.coalesce("runs", F.lit(0)))
        .withColumn("node_minutes", F.coalesce("node_minutes", F.lit(0)))
        .withColumn("currency_code", F.lit(currency_code))
        .select(*gold.RIGHTSIZING.column_names)
    )


def _newest_size(run_clusters: DataFrame, clusters: DataFrame) -> DataFrame:
    """Uses of job clusters of the size that each job's newest run had."""
    job = Window.partitionBy(*_JOB)
    newest_first = job.orderBy(F.col("used_from").desc(), F.col("cluster_id").desc())
    sized = clusters.where("cluster_source = 'JOB'").select(
        "workspace_id", "cluster_id", *_SIZE, F.col("workers").isNull().alias("is_autoscaling")
    )
    size = F.struct(*_SIZE)
    return (
        run_clusters.join(sized, ["workspace_id", "cluster_id"])
        .withColumn(
            "clusters_a_run", F.count("*").over(Window.partitionBy("workspace_id", "run_id"))
        )
        .withColumn("size", size)
        .withColumn("newest_size", F.first("size").over(newest_first))
        .where(F.col("size").eqNullSafe(F.col("newest_size")))
        .drop("size", "newest_size")
    )


def _utilisation(run_utilisation: DataFrame, used: DataFrame) -> DataFrame:
    """The workers' node-minutes of each job on its newest size; histograms add up bin by bin."""
    use = ["workspace_id", "job_id", "run_id", "cluster_id"]
    rows = run_utilisation.where("role = 'worker'").join(used.select(*use), use, "left_semi")
    totals = rows.groupBy(*_JOB).agg(
        F.sum("node_minutes").alias("node_minutes"),
        F.max("nodes_max").alias("nodes_max"),
        F.count_distinct("run_id").alias("sized_runs"),
        F.max("swap_max_pct").alias("swap_max_pct"),
        (
            exact_sum(F.col("io_wait_mean_pct") * F.col("node_minutes")) / F.sum("node_minutes")
        ).alias("io_wait_mean_pct"),
    )
    return totals.join(_summed(rows, "cpu_histogram"), _JOB).join(
        _summed(rows, "mem_histogram"), _JOB
    )


def _summed(rows: DataFrame, histogram: str) -> DataFrame:
    bins = (
        rows.select(*_JOB, F.explode(histogram).alias("bin"))
        .groupBy(*_JOB, F.col("bin")["bin_pct"].alias("bin_pct"))
        .agg(F.sum(F.col("bin")["minutes"]).alias("minutes"))
    )
    return bins.groupBy(*_JOB).agg(
        F.sort_array(F.collect_list(F.struct("bin_pct", "minutes"))).alias(histogram)
    )


def _obstacle() -> Column:
    """Why a job cannot be asked about at all; NULL when it can."""
    return (
        F.when(
            F.col("clusters_a_run").isNull(),
            F.lit("no run on job compute in 30 days: serverless and all-purpose are not compared"),
        )
        .when(
            F.col("clusters_a_run") > 1,
            F.lit("runs use several clusters, which are not told apart"),
        )
        .when(
            F.col("is_autoscaling"),
            F.lit("the cluster autoscales: there is no fixed size to compare"),
        )
        .when(F.col("workers") < 1, F.lit("a single-node cluster has no workers to take away"))
        .when(
            F.col("node_minutes").isNull(),
            F.lit("no node-minutes: nodes that live under ten minutes are not reported"),
        )
    )


def _sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """gold.rightsizing of these jobs, the currency left out."""
    told = rows[["job_id", *_TOLD]].assign(
        workers=rows["workers"].astype("Int64"), list_cost_30_days=rows["list_cost"]
    )
    obstacle = rows["obstacle"]
    asked = rows[obstacle.isna()].reset_index(drop=True)
    # A frame without rows would take those of a longer column that it is given.
    left = told[obstacle.notna()].assign(status="not_assessed", reason=obstacle.dropna())
    if asked.empty:
        return left
    return pd.concat([left, told.merge(_answers(asked), on="job_id")], ignore_index=True)


def _answers(rows: pd.DataFrame) -> pd.DataFrame:
    """What only the statistics can say; one row for each of `rows`."""
    needed = demand_of_histograms(
        rows.assign(entity_id=rows["job_id"], role="worker", minutes=rows["node_minutes"])[
            ["entity_id", "role", "cpu_histogram", "mem_histogram", "minutes", "nodes"]
        ]
    )
    asked = pd.DataFrame(
        {
            "job_id": rows["job_id"],
            "workers": rows["workers"],
            "worker_node_type": rows["worker_node_type"],
            "cpu_p95_pct": needed["cpu_target_pct"],
            "cpu_upper_pct": needed["upper"],
            "mem_p99_pct": needed["mem_target_pct"],
            "swap": rows["swap_max_pct"],
            "io_wait_mean_pct": rows["io_wait_mean_pct"],
            "minutes": rows["node_minutes"].astype(float),
            "runs": rows["runs"].astype(float),
            "runtime_quantile_seconds": rows["quantile_seconds"],
            "limit_seconds": rows["allowed_seconds"],
            "list_cost": rows["list_cost"].astype("float64").fillna(0.0),
        }
    )
    sizes = recommend_many(asked)
    return pd.DataFrame(
        {
            "job_id": sizes["job_id"],
            "status": sizes["status"],
            "reason": sizes["reason"].fillna(""),
            "action": sizes["action"].mask(sizes["status"] != "ok"),
            "recommended_workers": sizes["recommended_workers"].astype("Int64"),
            "saving_lower": sizes["saving_lower"],
            "saving_mid": sizes["saving_mid"],
            "saving_upper": sizes["saving_upper"],
            "saving_part": sizes["saving_basis"],
            "p_miss_now": sizes["p_miss_now"],
            "p_miss_recommended": sizes["p_miss_recommended"],
            "cpu_p95_pct": asked["cpu_p95_pct"],
            "cpu_upper_pct": asked["cpu_upper_pct"],
            "mem_p99_pct": asked["mem_p99_pct"],
        }
    )
