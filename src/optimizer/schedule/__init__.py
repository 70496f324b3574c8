"""When runs come: cron expressions, clocks, rhythms, next starts and their delays."""

from optimizer.schedule.clocks import deadlines, first_instants
from optimizer.schedule.cron import Quartz, occurrences
from optimizer.schedule.delays import delay_quantiles, start_delays, summed_quantiles
from optimizer.schedule.rhythm import Recurrence, next_gap, recurrence

__all__ = [
    "Quartz",
    "Recurrence",
    "deadlines",
    "delay_quantiles",
    "first_instants",
    "next_gap",
    "occurrences",
    "recurrence",
    "start_delays",
    "summed_quantiles",
]
