"""What is usual of a judged run, by the runs before it: medians, its cluster, how it follows its input, its tasks."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.gold.run_measures import JUDGED

_LOG_UNITS = 1e4
"""Logarithms are added as whole ten-thousandths."""
_PRIOR_SPREAD = 0.35
"""Standard deviation, around 1, of the exponent by which work follows the input over all jobs."""
_LEAST_NOISE = 0.01**2
"""Variance of log(work) that there is at the least."""
AT_WORK = ("queue", "setup", "retries", "upstream")
"""Parts of an excess that are measured, not inferred."""
OF_TASK = ("task_key", "own_ms", "usual_ms", "beyond_ms")
"""What is said of a task that differs from the others."""
_ANY = 2**30


def _median(value: Column) -> Column:
    return F.percentile(value, F.lit(0.5))


def usual_of_judged(measured: DataFrame) -> DataFrame:
    """What is usual of each judged run, from those it is compared with, beside what it was itself.

    `measured` has the pairs with each run's figures, and its cluster in words.
    """
    is_self, judged = F.col("is_self"), Window.partitionBy(*JUDGED)
    earlier, cluster = ~is_self, F.col("cluster")
    # Of equally frequent ones the last in the alphabet, in a window: a join would compute all anew.
    times = F.count(F.when(earlier, cluster)).over(Window.partitionBy(*JUDGED, "cluster"))
    ranked = F.when(earlier & cluster.isNotNull(), F.concat(F.lpad(times, 4, "0"), cluster))
    together = measured.withColumn("ranked", ranked).withColumns(
        {
            "usual_cluster": F.substring(F.max("ranked").over(judged), 5, _ANY),
            "own_cluster": F.max(F.when(is_self, cluster)).over(judged),
        }
    )
    is_usual = earlier & F.coalesce(cluster == F.col("usual_cluster"), F.lit(True))
    is_like_own = cluster == F.col("own_cluster")
    has_both = is_usual & (F.col("work_ms") > 0) & (F.col("input_bytes") > 0)

    def log_units(column: str) -> Column:
        return F.when(has_both, F.round(F.log(F.col(column)) * _LOG_UNITS).cast("bigint"))

    def own(column: str) -> Column:
        return F.max(F.when(is_self, F.col(column))).alias(f"own_{column}")

    x, y = log_units("input_bytes"), log_units("work_ms")
    usual = together.groupBy(*JUDGED).agg(
        F.max("usual_cluster").alias("usual_cluster"),
        F.max("own_cluster").alias("own_cluster"),
        F.max(F.when(is_self, F.col("upstream_run_id"))).alias("upstream_run_id"),
        F.count_if(earlier).alias("compared_runs"),
        *(own(f"{name}_ms") for name in (*AT_WORK, "work")),
        own("input_bytes"),
        *(
            _median(F.when(earlier, F.col(f"{name}_ms"))).alias(f"usual_{name}_ms")
            for name in (*AT_WORK, "first")
        ),
        _median(F.when(is_usual, F.col("work_ms"))).alias("median_work_ms"),
        _median(F.when(is_like_own, F.col("work_ms"))).alias("like_own_work_ms"),
        _median(F.when(is_usual, F.col("input_bytes"))).alias("usual_input_bytes"),
        F.count(x).alias("n"),
        F.sum(x).alias("sum_x"),
        F.sum(y).alias("sum_y"),
        F.sum(x * y).alias("sum_xy"),
        F.sum(x * x).alias("sum_xx"),
        F.sum(y * y).alias("sum_yy"),
    )
    n = F.nullif(F.col("n"), F.lit(0))

    def covariance(one: str, other: str) -> Column:
        products = F.col(f"sum_{one}{other}") - F.col(f"sum_{one}") * F.col(f"sum_{other}") / n
        return products / n / _LOG_UNITS**2

    # The posterior mean of a slope whose prior is 1, give or take _PRIOR_SPREAD.
    noise = F.greatest(covariance("y", "y"), F.lit(_LEAST_NOISE))
    doubt = noise / (n * _PRIOR_SPREAD**2)
    slope = (covariance("x", "y") + doubt) / (covariance("x", "x") + doubt)
    exponent = F.least(F.greatest(F.coalesce(slope, F.lit(1.0)), F.lit(0.0)), F.lit(1.5))
    return usual.withColumn("elasticity", exponent)


def odd_tasks(tries: DataFrame) -> DataFrame:
    """Of each judged run the task that is most above, and the one most below, its median times the factor
    by which the other tasks differ from theirs."""
    by_task = (
        tries.where("task_key IS NOT NULL")
        .groupBy(*JUDGED, "task_key")
        .agg(
            F.max(F.when(F.col("is_self"), F.col("work_ms"))).alias("own_ms"),
            whole(_median(F.when(~F.col("is_self"), F.col("work_ms")))).alias("usual_ms"),
        )
        .where("own_ms + usual_ms > 0")
    )
    judged = Window.partitionBy(*JUDGED)
    own, usual = F.col("own_ms"), F.col("usual_ms")
    others = (F.sum("own_ms").over(judged) - own) / F.nullif(
        F.sum("usual_ms").over(judged) - usual, F.lit(0)
    )
    beyond = (
        by_task.withColumn("beyond_ms", whole(own - usual * others))
        .where("beyond_ms IS NOT NULL")
        .withColumn("most", F.row_number().over(judged.orderBy(F.desc("beyond_ms"), "task_key")))
        .withColumn("least", F.row_number().over(judged.orderBy("beyond_ms", "task_key")))
    )
    return beyond.groupBy(*JUDGED).agg(
        *(
            F.max(F.when(F.col(rank) == 1, F.col(name))).alias(f"{rank}_{name}")
            for rank in ("most", "least")
            for name in OF_TASK
        )
    )


def whole(ms: Column) -> Column:
    """Milliseconds as a whole number."""
    return F.round(ms).cast("bigint")
