"""How unusual a run or a night is, in words: `3.1x its usual 12m00s on a Monday; once in 900 runs`."""

from typing import Final

from pipeline.sla.durations import duration
from pipeline.tables import gold

__all__ = ["direction", "severity"]

_RAREST: Final = 1e-5
"""How rare anything is said to be at most: no job's history speaks of more."""
_NOUNS: Final = {
    "duration_seconds": "",
    "queue_seconds": " in the queue",
    "setup_seconds": " of setup",
    "list_cost": " of list cost for as long a run",
    "dbu": " DBU for as long a run",
    "hourly_list_cost": " of list cost an hour",
}
_OF_RUNS: Final = {
    "failures": "{value:,.0f} of {of:,.0f} runs failed",
    "second_attempts": "{value:,.0f} of {of:,.0f} runs were tried again",
    "missing_runs": "{value:,.0f} of {of:,.0f} expected runs did not come",
    "restarts": "restarted {value:,.0f} times",
    "uptime_share": "up for {value:.0%} of the day",
}


def direction(metric: str, *, is_short: bool) -> str:
    """Which way a metric is unusual, in a word."""
    if metric == "duration_seconds":
        return "short" if is_short else "slow"
    words = {
        "queue_seconds": "late",
        "setup_seconds": "slow",
        "missing_runs": "missing",
        "uptime_share": "down",
    }
    return words.get(metric, "often" if metric in gold.COUNTS else "dear")


def severity(
    metric: str, value: float, usual: float | None, weekday: str | None, p_value: float
) -> str:
    """A run's `value` beside what was `usual`, on its `weekday` in its job's zone, and how rare that is; of a
    count `usual` is the number of runs that it was counted among."""
    if metric in gold.COUNTS:
        return (
            f"{_OF_RUNS[metric].format(value=value, of=usual or 0.0)}; {_rarity(p_value, 'nights')}"
        )
    on = f" on a {weekday}" if weekday else ""
    beside = f"{_amount(metric, value)}{_NOUNS[metric]}, where none is usual"
    if usual:
        ratio = value / usual
        times = (
            f"{ratio:,.1f}x"
            if 0.1 <= ratio < 100
            else f"{ratio:,.2g}x"
            if ratio < 1
            else f"{ratio:,.0f}x"
        )
        beside = f"{times} its usual {_amount(metric, usual)}{_NOUNS[metric]}"
    return f"{beside}{on}; {_rarity(p_value, 'runs')}"


def _amount(metric: str, value: float) -> str:
    if metric.endswith("_seconds"):
        return duration(value)
    return f"{value:,.2f}" if value >= 0.1 else f"{value:.2g}"


def _rarity(p_value: float, among: str) -> str:
    """`once in 900 runs`, to two digits."""
    if p_value < _RAREST:
        return f"less than once in {1 / _RAREST:,.0f} {among}"
    return f"once in {float(f'{1 / p_value:.2g}'):,.0f} {among}"
