"""What a reviewer looks at first: are forecasts and baselines calibrated, and what would sizing save?"""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

_LEVELS = {"coverage_50": 0.5, "coverage_90": 0.9, "coverage_99": 0.99}
QUALITY = ("scored_runs", "crps_log", "crps_log_rule", *_LEVELS)
"""The columns of gold.forecast_quality that are drawn, of each job."""
SAVINGS = ("saving_lower", "saving_mid", "saving_upper")
"""Those of gold.rightsizing, of each job that is to have fewer workers."""
_INK, _ACCENT, _PALE = "#333333", "#1f6f8b", "#c9d6df"


def of_night(quality: pd.DataFrame, sizes: pd.DataFrame, rarity: pd.DataFrame) -> dict[str, Figure]:
    """Pictures by name; drawn without a display."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        return {
            "coverage": coverage(quality),
            "forecast_against_rule": against_rule(quality),
            "savings_frontier": savings_frontier(sizes),
            "rare_runs": rare_runs(rarity),
        }


def _axes(title: str, x: str, y: str) -> tuple[Figure, "mpl.axes.Axes"]:
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def coverage(quality: pd.DataFrame) -> Figure:
    """Share of runs below each quantile, the fleet and the middle 80 % of jobs, against the level."""
    figure, axes = _axes(
        "Do quantiles hold?", "quantile forecast", "share of runs that stayed below it"
    )
    scored = quality[quality["scored_runs"] > 0]
    axes.plot([0.4, 1], [0.4, 1], color=_PALE, linewidth=2, label="perfect")
    for number, (name, level) in enumerate(_LEVELS.items()):
        seen = scored[scored[name].notna()]
        if seen.empty:
            continue
        weight = seen["scored_runs"].astype(float)
        low, high = seen[name].astype(float).quantile([0.1, 0.9])
        axes.vlines(
            level,
            low,
            high,
            color=_ACCENT,
            alpha=0.35,
            linewidth=6,
            label="middle 80 % of jobs" if number == 0 else "_again",
        )
        axes.plot(
            level,
            (seen[name] * weight).sum() / weight.sum(),
            "o",
            color=_ACCENT,
            label="all runs" if number == 0 else "_again",
        )
    axes.set_xlim(0.4, 1.02)
    axes.legend(frameon=False, loc="upper left")
    return figure


def against_rule(quality: pd.DataFrame) -> Figure:
    """Each job's CRPS over that of the 7-day rule: left of 1 is better than the rule."""
    figure, axes = _axes(
        "Better than the usual rule?", "CRPS / CRPS of the last 7 days' quantiles", "jobs"
    )
    both = quality[(quality["crps_log_rule"] > 0) & quality["crps_log"].notna()]
    ratio = (both["crps_log"].astype(float) / both["crps_log_rule"].astype(float)).clip(0, 2)
    axes.hist(ratio, bins=40, range=(0, 2), color=_ACCENT)
    axes.axvline(1.0, color=_INK, linewidth=1)
    return figure


def savings_frontier(sizes: pd.DataFrame) -> Figure:
    """Cumulative monthly saving, best recommendation first, with its 80 % interval."""
    figure, axes = _axes(
        "What would sizing save?",
        "recommendations applied, best first",
        "monthly saving (DBU part)",
    )
    chosen = sizes.sort_values("saving_mid", ascending=False)
    if chosen.empty:
        axes.text(0.5, 0.5, "no recommendation", ha="center", transform=axes.transAxes, color=_INK)
        return figure
    steps = range(1, len(chosen) + 1)
    low, mid, high = (
        chosen[name].astype(float).cumsum()
        for name in ("saving_lower", "saving_mid", "saving_upper")
    )
    axes.fill_between(
        steps, low, high, color=_ACCENT, alpha=0.25, step="mid", label="sum of 80 % intervals"
    )
    axes.step(steps, mid, where="mid", color=_ACCENT, label="middle")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper left")
    return figure


def rare_runs(rarity: pd.DataFrame) -> Figure:
    """Share of the latest runs that were said to be so rare: above the line there are incidents, or false alarms."""
    figure, axes = _axes(
        "Are rare runs as rare as said?", "p-value", "share of runs with it or less"
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.plot(rarity["level"], rarity["level"], color=_PALE, linewidth=2, label="perfect")
    for name, marker in (("slow", "o"), ("short", "s")):
        seen = rarity[rarity[name] > 0]
        fill = _ACCENT if name == "slow" else "none"
        axes.plot(
            seen["level"],
            seen[name],
            marker,
            color=_ACCENT,
            markerfacecolor=fill,
            label=f"too {name}",
        )
    axes.legend(frameon=False, loc="upper left")
    return figure
