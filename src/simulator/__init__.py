"""A simulated Databricks account: system tables as the platform writes them, and the truth beside.

`simulate` makes an account from settings, `append_day` gives it one more day; `from_log` makes
one from a real log of runs.
"""

from simulator.account import append_day, simulate
from simulator.config import SimulatorConfig
from simulator.delivery.delivery import Summary
from simulator.run_log import from_log

__all__ = ["SimulatorConfig", "Summary", "append_day", "from_log", "simulate"]
