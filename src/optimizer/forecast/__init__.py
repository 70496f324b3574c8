"""How long will a job's next run take, and how probably is that too long?"""

from optimizer.forecast.backtest import backtest
from optimizer.forecast.deadline import Miss, miss_deadline, miss_limit, p_miss_deadline
from optimizer.forecast.distribution import Distribution
from optimizer.forecast.fit import Forecaster, fit
from optimizer.forecast.growth import Growth, growth
from optimizer.forecast.in_flight import remaining_seconds
from optimizer.forecast.nightly import states_with_quality
from optimizer.forecast.rule import seven_day_rule
from optimizer.forecast.score import quality, summary
from optimizer.forecast.tripwire import p_told_in_vain, tripwire_seconds

__all__ = [
    "Distribution",
    "Forecaster",
    "Growth",
    "Miss",
    "backtest",
    "fit",
    "growth",
    "miss_deadline",
    "miss_limit",
    "p_miss_deadline",
    "p_told_in_vain",
    "quality",
    "remaining_seconds",
    "seven_day_rule",
    "states_with_quality",
    "summary",
    "tripwire_seconds",
]
