"""A cluster size for every job, from what its workers did and what its clusters cost in 30 days.

Only what can be compared is: the number of workers of the same node type, on job compute with one
cluster a run. The size of a cluster is the one it had while the run used it; a run that saw several
counts at the size that was there for three quarters of its time, and is left out where none was.
Minutes of a size the job no longer has say little about the one it has, so only runs on the newest
size count, and only what their clusters cost can be saved: no pipeline, no serverless task, no other
size.
"""

from datetime import datetime, timedelta
from typing import Final

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from optimizer.rightsizing import demand_of_histograms, recommend_many
from pipeline.expressions.exact_sums import exact_sum
from pipeline.expressions.money import one_unit, unpriced_unit
from pipeline.scoring.buckets import score_by_job
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.derive import spark_schema

WINDOW_DAYS: Final = 30
_JOB = ["workspace_id", "job_id"]
_CLUSTER = ["workspace_id", "cluster_id"]
_USE = [*_JOB, "run_id", "cluster_id"]
_SIZE = ("workers", "worker_node_type", "is_autoscaling")
_KIND = ("is_job_compute", "is_mixed", "is_pooled", "is_unsized")
"""What a use of a cluster must share with the newest one, beside the size, to be compared with it."""
_LEAST_SHARE: Final = 0.75
"""Share of a use for which one size must have been there for the use to count at that size."""
_MEASURES = (
    "worker_node_type",
    "runs",
    "node_minutes",
    "swap_max_pct",
    "io_wait_mean_pct",
    "unpriced_quantity",
    "unpriced_unit",
)


def rightsizing(
    jobs: DataFrame,
    run_utilisation: DataFrame,
    run_clusters: DataFrame,
    task_runs: DataFrame,
    clusters: DataFrame,
    usage_costs: DataFrame,
    states: DataFrame,
    job_forecast: DataFrame,
    *,
    as_of: datetime,
    currency_code: str,
) -> DataFrame:
    """gold.rightsizing, one row for every job of gold.jobs."""
    billed = _billed(usage_costs)
    used = _newest_size(_sized(run_clusters, clusters, billed))
    current = used.groupBy(*_JOB).agg(
        *(F.max(name).alias(name) for name in (*_SIZE, *_KIND, "cluster_source")),
        F.max("clusters_a_run").alias("clusters_a_run"),
    )
    cost = (
        used.select(*_JOB, "cluster_id")
        .distinct()
        .join(billed, _CLUSTER)
        .groupBy(*_JOB)
        .agg(
            F.sum("list_cost").cast("double").alias("list_cost"),
            F.sum("unpriced_quantity").cast("double").alias("unpriced_quantity"),
            one_unit("unpriced_unit").alias("unpriced_unit"),
        )
    )
    by_job = (
        jobs.select(
            *("workspace_id", "series_key", "job_id", "last_run_date", "sla_kind", "sla_problem")
        )
        .join(_tasks(task_runs, run_clusters, billed), _JOB, "left")
        .join(current, _JOB, "left")
        .join(_utilisation(run_utilisation, used), _JOB, "left")
        .join(cost, _JOB, "left")
        .join(
            states.select(F.col("job_id").alias("series_key"), "quantile_seconds"),
            "series_key",
            "left",
        )
        .join(job_forecast.select("series_key", "allowed_seconds"), "series_key", "left")
        .crossJoin(_any(task_runs, "are_tasks_known"))
        .crossJoin(_any(clusters, "are_clusters_known"))
        .crossJoin(_any(run_utilisation, "is_use_known"))
        .crossJoin(_any(usage_costs, "is_usage_known"))
    )
    # All there is to say of a job goes through the UDF: joined to its answers afterwards, the
    # utilisation would be summed twice.
    inputs = by_job.select(
        F.col("series_key").alias("job_id"),
        _obstacle(as_of, currency_code).alias("obstacle"),
        F.when(~F.col("is_unsized"), F.col("workers")).cast("double").alias("workers"),
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
        "unpriced_quantity",
        "unpriced_unit",
    )
    schema = spark_schema(gold.RIGHTSIZING).replace("`", "")
    answered = score_by_job(inputs, _sizes, f"job_id string, {schema}", counted=jobs)
    # Of a job that failed inside, only its key comes back.
    return (
        answered.withColumn("series_key", F.col("job_id"))
        .withColumn("workspace_id", F.substring_index("job_id", "/", 1))
        .withColumn("runs", F.coalesce("runs", F.lit(0)))
        .withColumn("node_minutes", F.coalesce("node_minutes", F.lit(0)))
        .withColumn("currency_code", F.lit(currency_code))
        .select(*gold.RIGHTSIZING.column_names)
    )


def _any(rows: DataFrame, name: str) -> DataFrame:
    """One row: whether there are any rows, so that what a missing table hides is not guessed at."""
    return rows.agg((F.count("*") > 0).alias(name))


def _billed(usage_costs: DataFrame) -> DataFrame:
    """What each cluster itself cost: the DBU that billing names it for."""
    return (
        usage_costs.where("cluster_id IS NOT NULL AND usage_unit = 'DBU'")
        .groupBy("workspace_id", "cluster_id")
        .agg(
            F.sum("list_cost").alias("list_cost"),
            F.sum("unpriced_quantity").alias("unpriced_quantity"),
            one_unit(unpriced_unit()).alias("unpriced_unit"),
            F.max("product").alias("product"),
            F.max("instance_pool_id").alias("billed_pool_id"),
        )
    )


def _tasks(task_runs: DataFrame, run_clusters: DataFrame, billed: DataFrame) -> DataFrame:
    """How many task runs of each job are known, and whether the clusters they name are all-purpose."""
    uses = (
        run_clusters.join(billed, _CLUSTER, "left")
        .groupBy(*_JOB)
        .agg(F.min(F.coalesce(F.col("product") == "ALL_PURPOSE", F.lit(False))).alias("is_shared"))
    )
    counted = task_runs.groupBy(*_JOB).agg(F.count("*").alias("task_runs"))
    return counted.join(uses, _JOB, "left")


def _sized(run_clusters: DataFrame, clusters: DataFrame, billed: DataFrame) -> DataFrame:
    """Uses of clusters, each with the size that was there for most of its time."""
    size = F.col("size")
    defined = clusters.select(
        *_CLUSTER,
        "cluster_source",
        "instance_pool_id",
        # A newest version that lacks the size leaves open which of the versions to believe.
        F.coalesce("workers", "min_workers", "max_workers").isNull().alias("is_size_lost"),
        F.posexplode("sizes").alias("place", "size"),
    )
    # The oldest size known stands for earlier times; a use without length still has a size.
    since = F.when(F.col("place") == 0, F.col("used_from")).otherwise(size["valid_from"])
    end = F.unix_micros("used_until") + 1
    micros = F.least(F.unix_micros(size["valid_to"]), end) - F.greatest(
        F.unix_micros("used_from"), F.unix_micros(since)
    )
    of_use = Window.partitionBy(*_USE)
    longest_first = of_use.orderBy(F.col("micros").desc(), *_SIZE)
    return (
        run_clusters.join(defined, _CLUSTER)
        .withColumn("micros", micros)
        .where("micros > 0")
        .groupBy(
            *(*_USE, "used_from", "cluster_source", "instance_pool_id", "is_size_lost"),
            *(size[name].alias(name) for name in _SIZE),
        )
        .agg(F.sum("micros").alias("micros"))
        .withColumn("is_mixed", F.col("micros") < _LEAST_SHARE * F.sum("micros").over(of_use))
        .withColumn("rank", F.row_number().over(longest_first))
        .where("rank = 1")
        .join(billed.select(*_CLUSTER, "billed_pool_id"), _CLUSTER, "left")
        .withColumns(
            {
                "is_job_compute": F.coalesce(F.col("cluster_source") == "JOB", F.lit(False)),
                "is_pooled": F.coalesce("instance_pool_id", "billed_pool_id").isNotNull(),
                "is_unsized": F.col("is_size_lost")
                | (F.col("workers").isNull() & ~F.col("is_autoscaling")),
            }
        )
        .select(*_USE, "used_from", "cluster_source", *_SIZE, *_KIND)
    )


def _newest_size(sized: DataFrame) -> DataFrame:
    """Uses of the size that each job's newest run had: on job compute where it has any, and of one
    size throughout where there is one."""
    newest_first = Window.partitionBy(*_JOB).orderBy(
        F.col("is_job_compute").desc(),
        "is_mixed",
        F.col("used_from").desc(),
        F.col("cluster_id").desc(),
    )
    of_run = Window.partitionBy("workspace_id", "run_id", "is_job_compute")
    return (
        sized.withColumn("clusters_a_run", F.count("*").over(of_run))
        .withColumn("size", F.struct(*_SIZE, *_KIND))
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


def _obstacle(as_of: datetime, currency_code: str) -> Column:
    """Why a job cannot be asked about at all, the first that is true; NULL when it can."""
    start = (as_of - timedelta(days=WINDOW_DAYS)).date()
    ran = F.coalesce(F.col("last_run_date") >= F.lit(start), F.lit(False))
    obstacles = (
        (
            F.col("job_id").isNull(),
            F.lit("submitted runs have a job id each, under which no cluster is followed"),
        ),
        (~ran, F.lit(f"no run in {WINDOW_DAYS} days")),
        *_obstacles_of_compute(),
        *_obstacles_of_use(currency_code),
        (
            F.col("sla_kind").isNotNull() & F.col("allowed_seconds").isNull(),
            F.lit("no start is expected in 7 days, so what its deadline leaves a run is not known"),
        ),
        (F.col("allowed_seconds") <= 0, F.lit("its deadline leaves a run no time")),
        (
            F.col("sla_kind").isNull() & F.col("sla_problem").isNotNull(),
            F.concat(F.lit("its SLA could not be read: "), "sla_problem"),
        ),
    )
    return F.coalesce(*(F.when(is_true, sentence) for is_true, sentence in obstacles))


def _obstacles_of_compute() -> tuple[tuple[Column, Column], ...]:
    """What its runs ran on: not known, or nothing that can be compared."""
    names_no_cluster = F.col("is_shared").isNull()
    is_undefined = F.col("clusters_a_run").isNull()
    return (
        (
            ~F.col("are_tasks_known"),
            F.lit(
                "system.lakeflow.job_task_run_timeline tells of no task run in"
                f" {WINDOW_DAYS} days, so what its runs ran on is not known"
            ),
        ),
        (
            F.col("task_runs").isNull(),
            F.lit(
                "system.lakeflow.job_task_run_timeline tells of no task of its runs, so what they"
                " ran on is not known"
            ),
        ),
        (
            names_no_cluster,
            F.lit(
                "its task runs name no cluster: serverless compute and SQL warehouses are not"
                " compared"
            ),
        ),
        (
            is_undefined & F.col("is_shared"),
            F.lit("its runs used all-purpose compute, which is not compared"),
        ),
        (
            is_undefined & ~F.col("are_clusters_known"),
            F.lit(
                f"system.compute.clusters tells of no cluster in {WINDOW_DAYS} days, so the size of"
                " those its runs used is not known"
            ),
        ),
        (
            is_undefined,
            F.lit(
                f"in {WINDOW_DAYS} days system.compute.clusters defined none of the clusters its runs"
                " used, so their size is not known"
            ),
        ),
        (
            ~F.col("is_job_compute") & F.col("cluster_source").isNull(),
            F.lit(
                "system.compute.clusters does not say whether the cluster its runs used is job compute"
            ),
        ),
        (
            ~F.col("is_job_compute"),
            F.lit("its runs used no job compute: all-purpose compute is not compared"),
        ),
        (
            F.col("clusters_a_run") > 1,
            F.lit("runs use several clusters, which are not told apart"),
        ),
        (F.col("is_pooled"), F.lit("the cluster's nodes come from a pool: pools are not assessed")),
        (
            F.col("is_mixed"),
            F.lit("the cluster is resized in the midst of every run: no size is there for long"),
        ),
        (
            F.col("is_unsized"),
            F.lit(
                "the size of the cluster is not known: its definition names neither a number of"
                " workers nor autoscaling"
            ),
        ),
        (
            F.col("is_autoscaling"),
            F.lit("the cluster autoscales: there is no fixed size to compare"),
        ),
        (F.col("workers") < 1, F.lit("a single-node cluster has no workers to take away")),
    )


def _obstacles_of_use(currency_code: str) -> tuple[tuple[Column, Column], ...]:
    """How busy the cluster was and what it cost: not known."""
    return (
        (
            ~F.col("is_use_known"),
            F.lit(
                f"system.compute.node_timeline tells of no node in {WINDOW_DAYS} days, so how busy"
                " the workers were is not known"
            ),
        ),
        (
            F.col("node_minutes").isNull(),
            F.lit(
                "no node-minutes of its workers are known: nodes that live under ten minutes may not"
                " be reported"
            ),
        ),
        (
            ~F.col("is_usage_known"),
            F.lit(
                f"system.billing.usage tells of no usage in {WINDOW_DAYS} days, so what the cluster"
                " costs is not known"
            ),
        ),
        (
            F.col("list_cost").isNull(),
            F.lit("billing names no DBU of its clusters, so what they cost is not known"),
        ),
        (
            (F.col("list_cost") == 0) & (F.col("unpriced_quantity") > 0),
            F.concat(
                F.lit("what the cluster costs is not known: none of its "),
                F.round("unpriced_quantity", 2).cast("decimal(38,2)").cast("string"),
                F.lit(f" DBU has a list price in {currency_code}"),
            ),
        ),
    )


def _sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """gold.rightsizing of these jobs, the currency left out."""
    measures = rows[["job_id", *_MEASURES]].assign(
        workers=rows["workers"].astype("Int64"), list_cost_30_days=rows["list_cost"]
    )
    has_obstacle = rows["obstacle"].notna()
    obstructed = measures[has_obstacle].assign(
        status="not_assessed", reason=rows.loc[has_obstacle, "obstacle"]
    )
    assessed = rows[~has_obstacle].reset_index(drop=True)
    if assessed.empty:
        return obstructed
    answered = measures.merge(_answers(assessed), on="job_id")
    return answered if obstructed.empty else pd.concat([obstructed, answered], ignore_index=True)


def _answers(rows: pd.DataFrame) -> pd.DataFrame:
    """What only the statistics can say; one row for each of `rows`."""
    needed = demand_of_histograms(
        rows.assign(entity_id=rows["job_id"], role="worker", minutes=rows["node_minutes"])[
            ["entity_id", "role", "cpu_histogram", "mem_histogram", "minutes", "nodes"]
        ]
    )
    inputs = pd.DataFrame(
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
    sizes = recommend_many(inputs)
    return pd.DataFrame(
        {
            "job_id": sizes["job_id"],
            "status": sizes["status"],
            "reason": sizes["reason"].fillna("").str.cat(_left_out(rows), sep="").str.strip(),
            "action": sizes["action"].mask(sizes["status"] != "ok"),
            "recommended_workers": sizes["recommended_workers"].astype("Int64"),
            "saving_lower": sizes["saving_lower"],
            "saving_mid": sizes["saving_mid"],
            "saving_upper": sizes["saving_upper"],
            "added_cost_lower": sizes["added_cost_lower"],
            "added_cost_mid": sizes["added_cost_mid"],
            "added_cost_upper": sizes["added_cost_upper"],
            "saving_part": sizes["saving_basis"],
            "p_miss_now": sizes["p_miss_now"],
            "p_miss_recommended": sizes["p_miss_recommended"],
            "cpu_p95_pct": inputs["cpu_p95_pct"],
            "cpu_upper_pct": inputs["cpu_upper_pct"],
            "mem_p99_pct": inputs["mem_p99_pct"],
        }
    )


def _left_out(rows: pd.DataFrame) -> pd.Series:
    """A sentence for a cost that is not all of it, empty for the others."""
    quantities = rows["unpriced_quantity"].astype("float64").fillna(0.0)
    return pd.Series(
        [
            f" {quantity:,.2f} {unit} of its cost have no price: no saving is told of them."
            if quantity > 0
            else ""
            for quantity, unit in zip(quantities, rows["unpriced_unit"], strict=True)
        ],
        index=rows.index,
        dtype=object,
    )


STEPS = (
    RecentDays(
        name="rightsizing",
        run=rightsizing,
        reads=(
            gold.JOBS,
            silver.RUN_UTILISATION,
            silver.RUN_CLUSTERS,
            silver.TASK_RUNS,
            silver.CLUSTERS,
            silver.USAGE_COSTS,
            gold.DURATION_STATES,
            gold.JOB_FORECAST,
        ),
        writes=gold.RIGHTSIZING,
        days=WINDOW_DAYS,
    ),
)
