"""The excess of a run over what is usual, in parts that add up to it exactly."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.gold.run_measures import MS
from pipeline.gold.usual_runs import AT_WORK, OF_TASK, whole


def _within(part: Column, left: Column) -> Column:
    """What of `part` has the sign of what is left, and is no more than that."""
    zero = F.lit(0).cast("bigint")
    inside = F.when(left >= 0, F.least(F.greatest(part, zero), left)).otherwise(
        F.greatest(F.least(part, zero), left)
    )
    return F.when(part.isNull(), zero).otherwise(inside)


def parts_of_excess(usual: DataFrame) -> DataFrame:
    """The excess of each judged run in milliseconds, and its parts as <part>_ms."""
    is_other = F.col("own_cluster") != F.col("usual_cluster")
    usual_first = F.coalesce(F.col("center_seconds") * MS, F.col("usual_first_ms"))
    read_more = F.pow(F.col("own_input_bytes") / F.col("usual_input_bytes"), F.col("elasticity"))
    is_longer = F.col("after_cluster_ms") >= 0
    frame = (
        usual.withColumn("usual_work_ms", whole(usual_first - F.col("usual_setup_ms")))
        .withColumns(
            {
                f"{name}_ms": F.col(f"own_{name}_ms") - whole(F.col(f"usual_{name}_ms"))
                for name in AT_WORK
            }
        )
        .withColumn("work_ms", F.col("own_work_ms") - F.col("usual_work_ms"))
        .withColumn(
            "input_ms",
            _within(
                F.when(
                    (F.col("own_input_bytes") > 0) & (F.col("usual_input_bytes") > 0),
                    whole(F.col("median_work_ms") * read_more) - F.col("usual_work_ms"),
                ),
                F.col("work_ms"),
            ),
        )
        .withColumn("after_input_ms", F.col("work_ms") - F.col("input_ms"))
        .withColumn(
            "cluster_ms",
            _within(
                F.when(is_other, whole(F.col("like_own_work_ms")) - F.col("usual_work_ms")),
                F.col("after_input_ms"),
            ),
        )
        .withColumn("after_cluster_ms", F.col("after_input_ms") - F.col("cluster_ms"))
        .withColumns(
            {
                f"odd_{name}": F.when(is_longer, F.col(f"most_{name}")).otherwise(
                    F.col(f"least_{name}")
                )
                for name in OF_TASK
            }
        )
        .withColumn("task_ms", _within(F.col("odd_beyond_ms"), F.col("after_cluster_ms")))
        .withColumn("unexplained_ms", F.col("after_cluster_ms") - F.col("task_ms"))
    )
    excess = F.col("work_ms")
    for name in AT_WORK:
        excess = excess + F.col(f"{name}_ms")
    own_total, usual_total = F.col("own_work_ms"), F.col("usual_work_ms")
    for name in AT_WORK:
        own_total = own_total + F.col(f"own_{name}_ms")
        usual_total = usual_total + whole(F.col(f"usual_{name}_ms"))
    return frame.withColumn("excess_ms", excess).withColumn("run_usual_ms", usual_total)
