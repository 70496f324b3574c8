"""What the jobs of an account have taught of the turn of the month, for the night after to begin with.

Of each job `model.duration_states` has the probability of every effect that the last or the first day of a
month may have. Their mean over jobs is the next prior (a step of the EM algorithm: Dempster, Laird and Rubin,
JRSS B 39, 1977), of which the share, mean and spread are kept: a night takes the step that the night before has
prepared.
"""

from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from optimizer.forecast.walk.months import EFFECTS
from optimizer.priors import SHIPPED, Effect, FleetPriors
from pipeline.expressions.exact_sums import exact_sum
from pipeline.steps.kinds import Whole
from pipeline.tables import gold

__all__ = ["STEPS", "fleet_priors", "priors_of_the_fleet"]

_FEWEST_JOBS: Final = 100
"""Of fewer jobs nothing is learned: what one in ten has, less than ten of them show."""
_LEAST_SPREAD: Final = 0.1


def fleet_priors(states: DataFrame) -> DataFrame:
    """model.fleet_priors from model.duration_states."""
    names = FleetPriors.names()
    each = states.where("memory IS NOT NULL").select(
        F.explode(
            F.array(
                *(
                    F.struct(F.lit(name).alias("effect"), F.col(f"memory.{name}").alias("p"))
                    for name in names
                )
            )
        ).alias("of")
    )
    sizes = F.array(*(F.lit(float(effect)) for effect in EFFECTS))
    placed = each.select(F.col("of.effect").alias("effect"), F.posexplode("of.p").alias("at", "p"))
    effect = F.get(sizes, F.col("at"))
    has_one = F.when(F.col("at") > 0, F.col("p")).otherwise(0.0)
    sums = placed.groupBy("effect").agg(
        F.count_if(F.col("at") == 0).alias("jobs"),
        exact_sum(has_one, digits=9).alias("some"),
        exact_sum(has_one * effect, digits=9).alias("first"),
        exact_sum(has_one * effect * effect, digits=9).alias("second"),
    )
    mean = F.col("first") / F.nullif(F.col("some"), F.lit(0.0))
    variance = F.col("second") / F.nullif(F.col("some"), F.lit(0.0)) - mean * mean
    return sums.withColumns(
        {
            "share": F.least(F.lit(1.0), F.col("some") / F.col("jobs")),
            "log_effect": mean,
            "spread_log": F.sqrt(F.greatest(variance, F.lit(_LEAST_SPREAD**2))),
        }
    ).select(*gold.FLEET_PRIORS.column_names)


def priors_of_the_fleet(priors: DataFrame) -> FleetPriors:
    """What model.fleet_priors says, and what is shipped where it says nothing."""
    learnable = priors.where((F.col("jobs") >= _FEWEST_JOBS) & F.col("log_effect").isNotNull())
    learned = {
        row["effect"]: Effect(row["share"], row["log_effect"], row["spread_log"])
        for row in learnable.collect()
    }
    return FleetPriors(
        **{name: learned.get(name, getattr(SHIPPED, name)) for name in FleetPriors.names()}
    )


STEPS = (
    Whole(
        name="fleet_priors",
        run=fleet_priors,
        reads=(gold.DURATION_STATES,),
        writes=gold.FLEET_PRIORS,
    ),
)
