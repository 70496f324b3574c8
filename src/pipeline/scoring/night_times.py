"""Which night a time falls in, counted back from the last.

A night is 24 hours that end at the time it speaks of, or so many whole days before; a run belongs to the one
in which it ended. Costs are known as much later as billing is behind, so their nights end with the last
day billed in full.
"""

from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F

from optimizer.microseconds import DAY_US

COST_METRICS: Final = ("list_cost", "dbu", "hourly_list_cost")


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return int(pd.Timestamp(at).value) // 1000


def night_of(at: Column, end: datetime) -> Column:
    """How many nights before the last one a time falls in, negative after its end."""
    return F.floor((F.lit(micros(end)) - F.unix_micros(at)) / DAY_US).cast("bigint")


def night_of_score(as_of: datetime, last_cost_day: date | None) -> Column:
    """The night of a row of model.run_scores."""
    day = as_of.date() - timedelta(days=1) if last_cost_day is None else last_cost_day
    billed = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=as_of.tzinfo)
    ended = F.col("ended_at")
    return F.when(F.col("metric").isin(*COST_METRICS), night_of(ended, billed)).otherwise(
        night_of(ended, as_of)
    )
