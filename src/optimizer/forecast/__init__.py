"""How long will a job's next run take, and how probably is that too long?"""

from optimizer.forecast.backtest import backtest
from optimizer.forecast.deadline import Miss, miss_deadline, miss_limit, p_miss_deadline
from optimizer.forecast.distribution import Distribution
from optimizer.forecast.fit import Forecaster, fit
from optimizer.forecast.growth import Growth, growth
from optimizer.forecast.in_flight import remaining_seconds
from optimizer.forecast.nightly import states_with_quality
from optimizer.forecast.recurrence import Recurrence, next_gap, recurrence
from optimizer.forecast.rule import seven_day_rule
from optimizer.forecast.score import quality, summary
from optimizer.forecast.start_times import delay_quantiles, start_delays, summed_quantiles

__all__ = [
    "Distribution",
    "Forecaster",
    "Growth",
    "Miss",
    "Recurrence",
    "backtest",
    "delay_quantiles",
    "fit",
    "growth",
    "miss_deadline",
    "miss_limit",
    "next_gap",
    "p_miss_deadline",
    "quality",
    "recurrence",
    "remaining_seconds",
    "seven_day_rule",
    "start_delays",
    "states_with_quality",
    "summary",
    "summed_quantiles",
]
