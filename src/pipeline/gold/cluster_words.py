"""Clusters in words, as causes and changes name them."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

_RUN = ["workspace_id", "run_id"]


def clusters_of(run_clusters: DataFrame, clusters: DataFrame) -> DataFrame:
    """The cluster that each run began on, in words."""
    first = Window.partitionBy(*_RUN).orderBy("used_from", "cluster_id")
    began = (
        run_clusters.withColumn("recency", F.row_number().over(first))
        .where("recency = 1")
        .select(*_RUN, "cluster_id")
    )
    return began.join(clusters, ["workspace_id", "cluster_id"]).select(
        *_RUN, cluster_words().alias("cluster")
    )


def cluster_words() -> Column:
    """A row of silver.clusters as `m5d.large, 8 workers, 16.4.x-scala2.12`."""
    return F.concat_ws(", ", "worker_node_type", cluster_size(), "dbr_version")


def cluster_size() -> Column:
    """The same as `8 workers`, or `2 to 8 workers` where it scales."""
    scales = F.col("max_workers").isNotNull()
    bounds = F.concat_ws(" to ", F.col("min_workers"), F.col("max_workers"))
    size = F.when(scales, bounds).otherwise(F.col("workers").cast("string"))
    return F.concat(size, F.when(size == "1", F.lit(" worker")).otherwise(F.lit(" workers")))
