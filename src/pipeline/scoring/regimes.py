"""The levels that a metric of a job has had, one after another: what has changed, when, and by how much.

A change that a person is told of is more than a shift of which a test is sure. A level that was left again
within _EPISODE_RUNS runs was an episode, and the next one is compared with the level before it; a level that
differs from the last by less than _LEAST_RATIO is the same to anyone who would act on it; and list cost
that changes as DBU do is the DBU's change. Cost and DBU are compared by the hour, so that a run that
takes longer changes neither: the money is said with the duration.
"""

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import Whole
from pipeline.tables import gold

_SERIES: Final = ("workspace_id", "series_key", "metric")
_RUN: Final = ("workspace_id", "run_id", "attempt")
_JOB: Final = ("workspace_id", "series_key")
_EPISODE_RUNS: Final = 12
_LEAST_RATIO: Final = 1.2


def job_regimes(scores: DataFrame) -> DataFrame:
    """gold.job_regimes from model.run_scores."""
    in_time = Window.partitionBy(*_SERIES).orderBy("regime_start")
    changes = _lasting(_own(_shifts(scores))).withColumns(
        {
            "number": F.row_number().over(in_time),
            "to_at": F.lead("regime_start").over(in_time),
            "direction": F.when(F.col("ratio") >= 1, F.lit("up")).otherwise(F.lit("down")),
            "from_at": F.col("regime_start"),
            "found_at": F.col("started_at"),
        }
    )
    money = (F.col("level") - F.col("level_before")) * F.col("cost_a_second")
    later = changes.join(_cost_a_second(scores), list(_JOB), "left").withColumns(
        {
            "regime": F.col("number").cast("int"),
            "list_cost_change": F.when(F.col("metric") == "duration_seconds", money),
        }
    )
    of_later = ("first_run_id", "ratio", "direction", "from_at", "found_at", "list_cost_change")
    first = later.where("number = 1").withColumns(
        {
            "regime": F.lit(0),
            "to_at": F.col("regime_start"),
            "level": F.col("level_before"),
            **{name: F.lit(None).cast(later.schema[name].dataType) for name in of_later},
        }
    )
    names = gold.JOB_REGIMES.column_names
    return first.select(*names).unionByName(later.select(*names))


def _shifts(scores: DataFrame) -> DataFrame:
    """Each shift once: runs that overlap find the same one, and the first of them says it."""
    by_start = Window.partitionBy(*_SERIES, "regime_start").orderBy(
        "started_at", "run_id", "attempt"
    )
    return (
        scores.where("is_shift AND regime_start IS NOT NULL")
        .withColumn("place", F.row_number().over(by_start))
        .where("place = 1")
    )


def _own(shifts: DataFrame) -> DataFrame:
    """Without shifts of list cost during which DBU shifted the same way."""
    of_dbu = shifts.where("metric = 'dbu'").select(
        *_JOB,
        F.lit("list_cost").alias("metric"),
        F.col("regime_start").alias("dbu_start"),
        F.col("started_at").alias("dbu_found_at"),
        F.col("shift_ratio").alias("dbu_ratio"),
    )
    is_same_way = (F.col("shift_ratio") >= 1) == (F.col("dbu_ratio") >= 1)
    overlaps = (F.col("dbu_start") <= F.col("started_at")) & (
        F.col("regime_start") <= F.col("dbu_found_at")
    )
    follows = (
        shifts.join(of_dbu, list(_SERIES))
        .where(is_same_way & overlaps)
        .select(*_SERIES, "regime_start")
        .distinct()
    )
    return shifts.join(follows, [*_SERIES, "regime_start"], "left_anti")


def _lasting(shifts: DataFrame) -> DataFrame:
    """The shifts to a level that lasted, or still does, with the one before it and the ratio of the two."""
    in_time = Window.partitionBy(*_SERIES).orderBy("regime_start")
    # What the run that found the next level was compared with.
    lasted = F.lead("window_runs").over(in_time)
    levels = shifts.withColumns(
        {"lasted": lasted, "oldest": F.first("level_before").over(in_time)}
    ).where(F.coalesce(F.col("lasted") >= _EPISODE_RUNS, F.lit(True)))
    before = F.coalesce(F.lag("level").over(in_time), F.col("oldest"))
    compared = levels.withColumn("level_before", before).withColumn(
        "ratio",
        # Of waits that were nothing before: as compared.
        F.coalesce(F.col("level") / F.nullif(F.col("level_before"), F.lit(0.0)), "shift_ratio"),
    )
    return compared.where(~F.col("ratio").between(1 / _LEAST_RATIO, _LEAST_RATIO))


def _cost_a_second(scores: DataFrame) -> DataFrame:
    """Of each job the median list cost of a second of its runs."""

    def of(metric: str, name: str) -> DataFrame:
        return scores.where(F.col("metric") == metric).select(
            *_RUN, "series_key", F.col("value").alias(name)
        )

    seconds = of("duration_seconds", "seconds").where("seconds > 0")
    both = of("list_cost", "cost").join(seconds, [*_RUN, "series_key"])
    a_second: Column = F.percentile(F.col("cost") / F.col("seconds"), F.lit(0.5))
    return both.groupBy(*_JOB).agg(a_second.alias("cost_a_second"))


STEPS = (
    Whole(
        name="job_regimes",
        run=job_regimes,
        reads=(gold.RUN_SCORES,),
        writes=gold.JOB_REGIMES,
    ),
)
