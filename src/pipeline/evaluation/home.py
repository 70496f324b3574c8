"""The runs of a home, as a log to be evaluated."""

import pandas as pd
from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.evaluation.runlog import COLUMNS
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.scoring.series import learned_attempts
from pipeline.tables import gold, silver


def runs_of_home(lakehouse: Lakehouse) -> pd.DataFrame:
    """Every attempt that the nights' forecasts learn from; UserError where there is none."""
    attempts = learned_attempts(lakehouse.read(silver.ATTEMPTS), lakehouse.read(gold.JOBS)).select(
        *(name for name in COLUMNS if name != "start_time"),
        F.unix_micros("start_time").alias("start_us"),
    )
    runs = attempts.toPandas()
    if runs.empty:
        raise UserError("no attempt of this home has ended yet: there is nothing to evaluate")
    runs["start_time"] = pd.to_datetime(runs.pop("start_us"), unit="us", utc=True)
    runs["duration_seconds"] = runs["duration_seconds"].astype("float64")
    return runs
