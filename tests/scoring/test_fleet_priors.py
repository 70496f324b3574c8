"""What all jobs together teach of the turn of the month."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from optimizer.forecast.walk.months import EFFECTS
from optimizer.priors import SHIPPED
from pipeline.scoring.fleet_priors import fleet_priors, priors_of_the_fleet

_MEMORY = "job_id string, memory struct<last_of_month:array<double>,first_of_month:array<double>>"


def test_the_priors_are_the_mean_over_jobs_and_few_teach_nothing(spark: SparkSession) -> None:
    rng = np.random.default_rng(5)
    last, first = rng.dirichlet(np.full(EFFECTS.size, 0.1), (2, 120))
    rows = [
        (f"w/{job}", (one.tolist(), other.tolist()))
        for job, (one, other) in enumerate(zip(last, first, strict=True))
    ]
    states = spark.createDataFrame([*rows, ("w/none", None)], _MEMORY)
    taught = priors_of_the_fleet(fleet_priors(states))
    for probability, effect in ((last, taught.last_of_month), (first, taught.first_of_month)):
        some = probability[:, 1:].sum()
        mean = (probability @ EFFECTS).sum() / some
        square = (probability @ EFFECTS**2).sum() / some
        assert effect.share == pytest.approx(some / 120)
        assert effect.log_effect == pytest.approx(mean)
        assert effect.spread_log == pytest.approx(np.sqrt(square - mean**2))
    few = fleet_priors(spark.createDataFrame(rows[:99], _MEMORY))
    assert [row["jobs"] for row in few.collect()] == [99, 99]
    assert priors_of_the_fleet(few) == SHIPPED
    assert priors_of_the_fleet(fleet_priors(states.limit(0))) == SHIPPED
