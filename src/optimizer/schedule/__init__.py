"""When runs come: cron expressions, wall clocks, rhythms, the next starts and their delays."""

from optimizer.schedule.clocks import deadlines, first_instants
from optimizer.schedule.cron import Quartz, occurrences
from optimizer.schedule.delays import delay_quantiles, start_delays, summed_quantiles
from optimizer.schedule.rhythm import Recurrence, next_gap, recurrence
from optimizer.schedule.starts import LEARNED_DAYS, Starts, next_starts

__all__ = [
    "LEARNED_DAYS",
    "Quartz",
    "Recurrence",
    "Starts",
    "deadlines",
    "delay_quantiles",
    "first_instants",
    "next_gap",
    "next_starts",
    "occurrences",
    "recurrence",
    "start_delays",
    "summed_quantiles",
]
