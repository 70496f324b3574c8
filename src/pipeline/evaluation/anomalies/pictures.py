"""The pictures of how well strange runs are found."""

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from optimizer.evaluation.anomalies.methods import OURS
from pipeline.evaluation.drawing import (
    EWMA,
    INK,
    MUTED,
    OURS_COLOR,
    RULE_COLOR,
    SETTINGS,
    SIGMA,
    axes_of,
    svg_of,
)

_BY_FACTOR: Final = {"1.5": ("o", SIGMA), "2": ("s", EWMA), "3": ("D", RULE_COLOR)}
_SMALLEST_SHARE: Final = 1e-4


def pictures_of_anomalies(part: Mapping[str, Any]) -> dict[str, str]:
    """SVG by name; none where no run was made strange."""
    rows = found_rows(part)
    if not rows:
        return {}
    with mpl.rc_context(SETTINGS):
        return {"found": svg_of(_found(rows)), "rare": svg_of(_rare(part))}


def found_rows(part: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Comparison, method and scores of all but controls, where runs were made strange; ours once in each."""
    return [
        (comparison, method, scores)
        for comparison, one in part["comparisons"].items()
        for method, scores in one["methods"].items()
        if method not in part["controls"] and one["strange"]
    ]


def _found(rows: list[tuple[str, str, Mapping[str, Any]]]) -> Figure:
    """Share found by each with as many flags as ours, comparison by comparison."""
    figure, axes = axes_of(5.2, 0.3 * len(rows) + 1.3)
    for at, (_, _, scores) in enumerate(reversed(rows)):
        shares = [scores["alike"][factor]["found"] for factor in _BY_FACTOR]
        axes.plot([min(shares), max(shares)], [at, at], color=MUTED, linewidth=1.0, alpha=0.5)
        for (factor, (mark, color)), share in zip(_BY_FACTOR.items(), shares, strict=True):
            label = f"{factor} times as long" if at == 0 else None
            axes.plot(share, at, mark, color=color, markersize=6.5, label=label, clip_on=False)
    names = [method for _, method, _ in reversed(rows)]
    axes.set_yticks(range(len(rows)), [short_name(method) for method in names])
    axes.tick_params(axis="y", labelcolor=INK)
    for at, name in enumerate(names):
        if name == OURS:
            axes.get_yticklabels()[at].set_fontweight("bold")
            if at + 1 < len(names):
                axes.axhline(at + 0.5, color=MUTED, linewidth=0.7)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(left=0.0)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel("share found of the runs that were made slower")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return figure


def _rare(part: Mapping[str, Any]) -> Figure:
    """Of runs as they are, how many have a p-value of p or less."""
    figure, axes = axes_of(5.2, 4.1)
    axes.plot([_SMALLEST_SHARE, 1.0], [_SMALLEST_SHARE, 1.0], color=MUTED, linewidth=1.0)
    colors = iter((OURS_COLOR, RULE_COLOR, SIGMA, EWMA))
    marks = iter("os^D")
    drawn: set[str] = set()
    for _, method, scores in found_rows(part):
        if method not in drawn and scores["p_at_most"]:
            drawn.add(method)
            said = [float(p) for p in scores["p_at_most"]]
            came = [max(share, _SMALLEST_SHARE) for share in scores["p_at_most"].values()]
            label = short_name(method)
            axes.plot(said, came, marker=next(marks), color=next(colors), label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(5e-4, 0.1)
    axes.set_ylim(_SMALLEST_SHARE, 1.0)
    ticks = (0.001, 0.01, 0.05)
    axes.set_xticks(ticks, ["0.1 %", "1 %", "5 %"])
    shares = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    axes.set_yticks(shares, ["none", "0.1 %", "1 %", "10 %", "100 %"])
    axes.minorticks_off()
    axes.set_xlabel("so rare is a run said to be, or rarer")
    axes.set_ylabel("share of runs that were")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def short_name(method: str) -> str:
    """A method as people read it, in few words."""
    return {
        OURS: "RightRun",
        "z_of_30_days": "z of 30 days",
        "median_ratio": "median of 7 days",
        "beyond_p90": "beyond p90",
        "week_over_week": "week over week",
        "isolation_forest": "IsolationForest",
        "boosted_quantile": "boosted quantile",
        "stl": "STL",
        "auto_ets": "AutoETS bands",
        "by_lot": "by lot",
    }.get(method, method)
