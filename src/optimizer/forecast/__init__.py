"""How long will a job's next run take, and how probably is that too long?"""

from optimizer.forecast.backtest import backtest
from optimizer.forecast.deadline import p_miss_deadline
from optimizer.forecast.distribution import Distribution
from optimizer.forecast.fit import Forecaster, fit
from optimizer.forecast.nightly import states_with_quality
from optimizer.forecast.rule import seven_day_rule
from optimizer.forecast.score import quality, summary
from optimizer.forecast.start_times import start_of_day

__all__ = [
    "Distribution",
    "Forecaster",
    "backtest",
    "fit",
    "p_miss_deadline",
    "quality",
    "seven_day_rule",
    "start_of_day",
    "states_with_quality",
    "summary",
]
