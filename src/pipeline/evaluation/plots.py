"""The pictures of how good the forecasts of an evaluation are."""

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from optimizer.evaluation.methods import OURS, RULE
from pipeline.evaluation.drawing import (
    EWMA,
    GRID,
    INK,
    MUTED,
    OURS_COLOR,
    RULE_COLOR,
    SETTINGS,
    SIGMA,
    axes_of,
    svg_of,
)
from pipeline.evaluation.sample import EVERY_JOB

_LINES: Final = {OURS: OURS_COLOR, RULE: RULE_COLOR, "mean_sigma": SIGMA, "ewma": EWMA}
_MARKS: Final = {OURS: "o", RULE: "s", "mean_sigma": "^", "ewma": "D"}
_FARTHEST: Final = 1.15


def pictures(document: Mapping[str, Any]) -> dict[str, str]:
    """SVG by name."""
    horizons = document["comparisons"][EVERY_JOB]["horizons"]
    start = horizons["start"]["methods"]
    with mpl.rc_context(SETTINGS):
        return {
            "methods": svg_of(_methods(document)),
            "horizons": svg_of(_horizons(document, horizons)),
            "coverage": svg_of(_coverage(start)),
            "reliability": svg_of(_reliability(start)),
            "jobs": svg_of(_jobs(document["by_job"])),
        }


def named(method: str) -> str:
    """A method as people read it."""
    return {
        OURS: "RightRun",
        RULE: "7-day quantiles",
        "last_30": "last 30 runs",
        "mean_sigma": "mean ± kσ, 30 days",
        "ewma": "EWMA lognormal",
        "last_value": "last value",
        "lightgbm": "LightGBM quantiles",
        "auto_ets": "AutoETS",
        "prophet": "Prophet",
        "all_runs": "all runs of the job",
        "all_jobs": "all runs of all jobs",
        "random_run": "a random run",
        "shuffled": "ours, shuffled",
        "recent_2": "half-life 2 runs",
        "recent_6": "half-life 6 runs",
        "recent_20": "half-life 20 runs",
        "decay_1d": "half-life 1 day",
        "decay_5d": "half-life 5 days",
        "decay_30d": "half-life 30 days",
    }.get(method, method)


def _methods(document: Mapping[str, Any]) -> Figure:
    """Our CRPS over each method's, with its interval: left of 1 we are better."""
    rows: list[tuple[str, Mapping[str, Any], str]] = []
    for name, comparison in document["comparisons"].items():
        methods = comparison["horizons"].get("start", {}).get("methods", {})
        own = [(m, scores) for m, scores in methods.items() if m != OURS]
        if name != EVERY_JOB:
            first = document["comparisons"][EVERY_JOB]["horizons"]["start"]["methods"]
            own = [(m, scores) for m, scores in own if m not in first]
        rows += [(m, scores, "" if name == EVERY_JOB else " *") for m, scores in own]
    rows = [row for row in rows if row[1]["ours_over_it"] is not None]
    rows.sort(key=lambda row: row[1]["ours_over_it"])
    figure, axes = axes_of(7.6, 0.29 * len(rows) + 1.0)
    for at, (method, scores, _) in enumerate(rows):
        value = scores["ours_over_it"]
        control = method in document["controls"]
        color = MUTED if control else OURS_COLOR if value < 1.0 else RULE_COLOR
        low, high = scores["ours_over_it_95"]
        if low is not None and high is not None:
            axes.plot([low, min(high, _FARTHEST)], [at, at], color=color, linewidth=2.2, alpha=0.45)
        axes.plot(
            min(value, _FARTHEST), at, "o", color=color, markersize=6.5,
            fillstyle="none" if control else "full",
        )  # fmt: skip
        axes.annotate(
            f"{value:.2f}" if value < 0.995 or value >= 1.005 else f"{value:.3f}",
            (1.01, at), xycoords=("axes fraction", "data"), va="center", color=INK,
        )  # fmt: skip
    axes.axvline(1.0, color=INK, linewidth=1.0)
    axes.set_yticks(range(len(rows)), [named(method) + mark for method, _, mark in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0.0, _FARTHEST + 0.01)
    axes.set_xlabel(
        "our CRPS / its CRPS, with the 95 % interval over jobs: left of 1 we are better"
    )
    return figure


def _horizons(document: Mapping[str, Any], horizons: Mapping[str, Any]) -> Figure:
    figure, axes = axes_of(5.2, 3.8)
    names = list(horizons)
    for method, color in _LINES.items():
        values = [horizons[h]["methods"][method]["crps_over_rule"] for h in names]
        axes.plot(
            range(len(names)), [float("nan") if v is None else v for v in values],
            marker=_MARKS[method], color=color, label=named(method),
        )  # fmt: skip
    best = [
        min(
            (m["crps_over_rule"] for n, m in horizons[h]["methods"].items()
             if n in document["simple"] and m["crps_over_rule"] is not None),
            default=float("nan"),
        )
        for h in names
    ]  # fmt: skip
    axes.plot(range(len(names)), best, "--", color=MUTED, label="best simple of the horizon")
    short = {"start": "at start", "nightly_0": "midnight"}
    axes.set_xticks(
        range(len(names)),
        [short.get(h) or f"{h.removeprefix('nightly_')} d earlier" for h in names],
    )
    axes.set_ylabel("CRPS / that of the 7-day rule")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _coverage(methods: Mapping[str, Any]) -> Figure:
    """Share of runs below each quantile less its level, in points."""
    figure, axes = axes_of(5.2, 3.8)
    levels = list(methods[OURS]["coverage"])
    axes.axhspan(-1.5, 1.5, color=GRID, alpha=0.45, linewidth=0)
    axes.axhline(0.0, color=INK, linewidth=1.0)
    for method, color in _LINES.items():
        coverage = methods[method]["coverage"]
        off = [
            float("nan") if coverage[q] is None else 100.0 * (coverage[q] - float(q))
            for q in levels
        ]
        axes.plot(range(len(levels)), off, marker=_MARKS[method], color=color, label=named(method))
    axes.set_xticks(range(len(levels)), [f"{float(q):.0%}" for q in levels])
    axes.set_xlabel("quantile")
    axes.set_ylabel("runs below it, points off")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _reliability(methods: Mapping[str, Any]) -> Figure:
    figure, axes = axes_of(5.2, 4.1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0)
    for method, color in reversed(_LINES.items()):
        tenths = [t for t in methods[method]["reliability"] if t[0] is not None]
        most = max((t[2] for t in tenths), default=1.0)
        axes.plot([t[0] for t in tenths], [t[1] for t in tenths], color=color, linewidth=1.4)
        axes.scatter(
            [t[0] for t in tenths], [t[1] for t in tenths],
            s=[12.0 + 70.0 * t[2] / most for t in tenths],
            color=color, marker=_MARKS[method], label=named(method), linewidths=0, zorder=3,
        )  # fmt: skip
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("forecast P(over the limit)")
    axes.set_ylabel("share of runs that were over it")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles[::-1], labels[::-1], loc="outside lower center", ncols=2, fontsize=9,
        markerscale=0.8,
    )  # fmt: skip
    return figure


def _jobs(by_job: Mapping[str, Any]) -> Figure:
    figure, axes = axes_of(5.2, 4.1)
    edges, counts = by_job["ratio_edges"], by_job["ratio_jobs"]
    for left, right, count in zip(edges, edges[1:], counts, strict=False):
        axes.bar(
            left, count, width=right - left, align="edge",
            color=OURS_COLOR if right <= 1.0001 else RULE_COLOR, edgecolor="none",
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.25, 0.5, 1, 2, 4], ["¼ or less", "½", "1", "2", "4 or more"])
    axes.minorticks_off()
    axes.axvline(1.0, color=INK, linewidth=1.0)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("a job's CRPS / that of the 7-day rule: left of 1 we are better")
    axes.set_ylabel("jobs")
    return figure
