"""Clusters, who used them when, and how busy their nodes were.

A node-minute counts for a run when it overlaps the time the run's tasks used the cluster, and did
not begin on an earlier day, so a shared cluster's other hours stay out. Minutes are kept as
histograms in 1 % bins: sums of histograms are histograms of sums, so any window and any group of runs
can be summarised later without the minutes, which the source drops after 90 days.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.silver.outcome import micros_between
from pipeline.steps.kinds import ByDatedKey, ByDay, Lasting
from pipeline.tables import bronze, silver

_USE = ("used_date", "use_number", "is_driver")
_SHARES = 64
_MEMORY = 1_000
"""Added to a bin of memory, to tell it from one of the processor."""
_MICROS = 1e6
_MOST_PCT = 1e6
_ONE_EDIT_MICROS = 1_000_000
"""Versions closer to each other are one edit, of which the last says what holds."""


def clusters(versions: DataFrame) -> DataFrame:
    """silver.clusters from bronze.clusters: the newest version of each cluster, and every size it had."""
    cluster = ("workspace_id", "cluster_id")
    in_time = Window.partitionBy(*cluster).orderBy("change_time")
    is_autoscaling = F.col("max_autoscale_workers").isNotNull()
    edits = (
        versions.withColumn("first_seen_change_at", F.min("change_time").over(in_time))
        .withColumn("changed_at", F.lead("change_time").over(in_time))
        .where(
            F.col("changed_at").isNull()
            | (F.unix_micros("changed_at") - F.unix_micros("change_time") >= _ONE_EDIT_MICROS)
        )
    )
    size = F.struct(
        F.col("change_time").alias("valid_from"),
        F.col("changed_at").alias("valid_to"),
        F.when(~is_autoscaling, F.col("worker_count")).alias("workers"),
        is_autoscaling.alias("is_autoscaling"),
        "worker_node_type",
    )
    sizes = edits.groupBy(*cluster).agg(F.sort_array(F.collect_list(size)).alias("sizes"))
    return (
        edits.where("changed_at IS NULL")
        .join(sizes, [*cluster])
        .select(
            F.to_date("first_seen_change_at").alias("cluster_date"),
            *cluster,
            "cluster_name",
            "cluster_source",
            "driver_node_type",
            "worker_node_type",
            F.col("worker_count").alias("workers"),
            F.col("min_autoscale_workers").alias("min_workers"),
            F.col("max_autoscale_workers").alias("max_workers"),
            "sizes",
            F.coalesce("worker_instance_pool_id", "driver_instance_pool_id").alias(
                "instance_pool_id"
            ),
            "dbr_version",
            F.coalesce(F.col("dbr_version").contains("photon"), F.lit(False)).alias("is_photon"),
            "first_seen_change_at",
            F.col("delete_time").alias("deleted_at"),
        )
    )


def run_clusters(task_runs: DataFrame) -> DataFrame:
    """silver.run_clusters from silver.task_runs."""
    used = task_runs.where("run_id IS NOT NULL").select(
        "workspace_id",
        "job_id",
        "run_id",
        "started_at",
        "seen_until",
        F.explode("cluster_ids").alias("cluster_id"),
    )
    return (
        used.groupBy("workspace_id", "run_id", "cluster_id")
        .agg(
            F.max("job_id").alias("job_id"),
            F.min("started_at").alias("used_from"),
            F.max("seen_until").alias("used_until"),
            F.count("*").alias("task_runs"),
        )
        .select(
            F.to_date("used_from").alias("used_date"),
            "workspace_id",
            "job_id",
            "run_id",
            "cluster_id",
            "used_from",
            "used_until",
            "task_runs",
        )
    )


def run_cluster_days(run_clusters: DataFrame) -> DataFrame:
    """silver.run_cluster_days from silver.run_clusters."""
    first, last = F.to_date("used_from"), F.to_date("used_until")
    day_start = F.col("used_date").cast("timestamp")
    day_end = F.timestamp_add("DAY", F.lit(1), day_start)
    seconds = (
        micros_between(F.greatest("used_from", day_start), F.least(F.col("used_until"), day_end))
        / _MICROS
    )
    return (
        run_clusters.select("*", F.explode(F.sequence(first, F.greatest(first, last))).alias("day"))
        .drop("used_date")
        .withColumnRenamed("day", "used_date")
        .withColumn("used_seconds", F.greatest(seconds, F.lit(0.0)))
        # What ends at midnight has not used the day that begins then.
        .where((F.col("used_seconds") > 0) | (F.col("used_date") == first))
        .select("used_date", "workspace_id", "job_id", "run_id", "cluster_id", "used_seconds")
    )


def _histograms(minutes: DataFrame) -> DataFrame:
    """Node-minutes by 1 % bin of cpu_pct and of mem_pct, each a sorted sparse array a use.

    Both from one pass over the minutes, which are read and joined again for each.
    """
    slots = F.array(_bin("cpu_pct"), _bin("mem_pct") + _MEMORY)
    counted = (
        minutes.select(*_USE, F.explode(slots).alias("slot"))
        .where("slot IS NOT NULL")
        .groupBy(*_USE, "slot")
        .agg(F.count("*").alias("minutes"))
    )
    is_cpu, slot = F.col("slot") < _MEMORY, F.col("slot").cast("int")
    return counted.groupBy(*_USE).agg(
        _sparse(is_cpu, slot).alias("cpu_histogram"),
        _sparse(~is_cpu, slot - _MEMORY).alias("mem_histogram"),
    )


def _bin(percent: str) -> Column:
    within = F.least(F.greatest(percent, F.lit(0.0)), F.lit(100.0))
    # `least` and `greatest` pass over a NULL.
    return F.when(F.col(percent).isNotNull(), F.floor(within))


def _sparse(is_counted: Column, bin_pct: Column) -> Column:
    entry = F.struct(bin_pct.alias("bin_pct"), "minutes")
    return F.sort_array(F.collect_list(F.when(is_counted, entry)))


def _numbered(run_clusters: DataFrame) -> DataFrame:
    """Each use of a cluster by a run with a number of its own, the same whenever it is worked out.

    Millions of node-minutes are grouped by it: by the names of a use that takes half as long again.
    """
    names = ("workspace_id", "run_id", "cluster_id")
    share = F.pmod(F.xxhash64(*names), F.lit(_SHARES))
    within = F.row_number().over(Window.partitionBy("share").orderBy(*names))
    number = within.cast("bigint") * _SHARES + F.col("share")
    return run_clusters.withColumn("share", share).select(
        number.alias("use_number"), *names, "job_id", "used_from", "used_until"
    )


def run_utilisation(node_minutes: DataFrame, run_clusters: DataFrame) -> DataFrame:
    """silver.run_utilisation from bronze.node_timeline and silver.run_clusters."""
    uses = _numbered(run_clusters)
    cpu_pct = F.col("cpu_user_percent") + F.col("cpu_system_percent")
    used = (
        node_minutes.select(
            F.col("source_date").alias("used_date"),
            "workspace_id",
            "cluster_id",
            "start_time",
            "end_time",
            F.coalesce("driver", F.lit(False)).alias("is_driver"),
            "node_type",
            cpu_pct.alias("cpu_pct"),
            _micros(cpu_pct).alias("cpu_micros"),
            F.col("mem_used_percent").alias("mem_pct"),
            F.col("mem_swap_percent").alias("swap_pct"),
            _micros(F.col("cpu_wait_percent")).alias("wait_micros"),
            "network_received_bytes",
        )
        .join(
            uses.select("workspace_id", "cluster_id", "use_number", "used_from", "used_until"),
            ["workspace_id", "cluster_id"],
        )
        .where("start_time < used_until AND end_time > used_from")
        .where(F.col("used_date") >= F.to_date("used_from"))
    )
    by_minute = used.groupBy(*_USE, "start_time").agg(
        F.count("*").alias("nodes"),
        F.max("node_type").alias("node_type"),
        F.sum("cpu_micros").alias("cpu_sum"),
        F.count("cpu_micros").alias("cpu_count"),
        F.max("mem_pct").alias("mem_max_pct"),
        F.max("swap_pct").alias("swap_max_pct"),
        F.sum("wait_micros").alias("wait_sum"),
        F.count("wait_micros").alias("wait_count"),
        F.sum("network_received_bytes").alias("received"),
    )
    summary = by_minute.groupBy(*_USE).agg(
        F.max("node_type").alias("node_type"),
        F.sum("nodes").alias("node_minutes"),
        F.count("*").alias("clock_minutes"),
        F.max("nodes").alias("nodes_max"),
        _mean("cpu_sum", "cpu_count").alias("cpu_mean_pct"),
        F.max("mem_max_pct").alias("mem_max_pct"),
        F.max("swap_max_pct").alias("swap_max_pct"),
        _mean("wait_sum", "wait_count").alias("io_wait_mean_pct"),
        F.sum("received").alias("received"),
    )
    empty = F.array().cast("array<struct<bin_pct:int, minutes:bigint>>")
    return (
        summary.join(_histograms(used), list(_USE), "left")
        .withColumn("cpu_histogram", F.coalesce("cpu_histogram", empty))
        .withColumn("mem_histogram", F.coalesce("mem_histogram", empty))
        .withColumn("role", F.when(F.col("is_driver"), "driver").otherwise("worker"))
        .join(
            uses.select("use_number", "workspace_id", "job_id", "run_id", "cluster_id"),
            "use_number",
        )
        .withColumn("network_received_bytes", F.when(_is_alone(), F.col("received")))
        .drop("use_number", "is_driver", "received")
    )


def _is_alone() -> Column:
    """Whether no other run used the cluster on that day."""
    of_day = Window.partitionBy("used_date", "workspace_id", "cluster_id")
    return F.min("use_number").over(of_day) == F.max("use_number").over(of_day)


def _micros(percent: Column) -> Column:
    """Millionths, whose sum is the same in any order; far beyond what a percentage can be, cut."""
    within = F.least(F.greatest(percent, F.lit(-_MOST_PCT)), F.lit(_MOST_PCT))
    # `least` and `greatest` pass over a NULL.
    return F.when(percent.isNotNull(), F.round(within * _MICROS).cast("bigint"))


def _mean(total: str, count: str) -> Column:
    return F.sum(total) / F.nullif(F.sum(count), F.lit(0)) / _MICROS


STEPS = (
    ByDatedKey(
        name="clusters",
        run=clusters,
        reads=(bronze.CLUSTERS,),
        writes=silver.CLUSTERS,
        key=("workspace_id", "cluster_id"),
    ),
    ByDatedKey(
        name="run_clusters",
        run=run_clusters,
        reads=(silver.TASK_RUNS,),
        writes=silver.RUN_CLUSTERS,
        key=("workspace_id", "run_id"),
    ),
    ByDatedKey(
        name="run_cluster_days",
        run=run_cluster_days,
        reads=(silver.RUN_CLUSTERS,),
        writes=silver.RUN_CLUSTER_DAYS,
        key=("workspace_id", "run_id"),
    ),
    ByDay(
        name="run_utilisation",
        run=run_utilisation,
        days_of=bronze.NODE_TIMELINE,
        beside=(Lasting(silver.RUN_CLUSTERS, since="used_date", until="used_until"),),
        writes=silver.RUN_UTILISATION,
        group=("workspace_id", "cluster_id"),
    ),
)
