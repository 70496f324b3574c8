"""The picture of a job as an SVG: runs as points on the band of what was usual, flags with their reasons, changes of
level, the forecast as a band, the limit as a line."""

import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from pipeline.answers.jobs.picture import PastRun, Picture
from pipeline.errors import UserError
from pipeline.sla.durations import duration

_MARKS = {
    "ok": ("o", "#2b7bba", "in time"),
    "missed": ("o", "#c0392b", "too late"),
    "failed": ("x", "#c0392b", "failed"),
}

_MARKS_SECONDS = (
    *(1, 2, 5, 10, 20, 30),
    *(60 * minutes for minutes in (1, 2, 3, 5, 7, 10, 15, 20, 30, 40)),
    *(3600 * hours for hours in (1, 1.5, 2, 3, 4, 6, 8, 12, 18)),
    *(86_400 * days for days in (1, 2, 4, 7, 14, 28)),
)
_MOST_MARKS = 6
_MOST_REASONS = 6
_FLAG = "#8e44ad"
_USUAL = "#aec7d8"


def write_figure(picture: Picture, file: Path) -> None:
    """Write the picture to `file`; UserError where it cannot be written."""
    # Text stays text, and nothing in it depends on when it was drawn.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rightrun"}):
        figure = _drawn(picture)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with warnings.catch_warnings():
                # A letter that no font here has is in the reader's: it is written as text.
                warnings.filterwarnings("ignore", message="Glyph .* missing from font")
                figure.savefig(file, format="svg", metadata={"Date": None})
        except OSError as error:
            raise UserError(f"{file} cannot be written: {error.strerror or error}") from error


def _drawn(picture: Picture) -> Figure:
    reasons = picture.flagged[:_MOST_REASONS]
    figure = Figure(figsize=(9.5, 4.2 + 0.22 * len(reasons)), layout="constrained")
    axes = figure.add_subplot()
    _draw_usual(axes, picture)
    for verdict, (marker, color, words) in _MARKS.items():
        runs = [run for run in picture.runs if run.verdict == verdict]
        if runs:
            has_limit = picture.allowed_seconds is not None
            label = words if has_limit or verdict == "failed" else "succeeded"
            axes.plot(
                [_days(run.started_at) for run in runs],
                [run.seconds for run in runs],
                marker,
                color=color,
                markersize=4,
                alpha=0.75,
                label=label,
            )
    if picture.upcoming:
        starts = [_days(run.starts_at) for run in picture.upcoming]
        axes.vlines(
            starts,
            [run.low_seconds for run in picture.upcoming],
            [run.high_seconds for run in picture.upcoming],
            color="#27ae60",
            alpha=0.35,
            linewidth=max(1.5, 60.0 / len(starts)),
            label="forecast, 5 to 95 %",
        )
        axes.plot(
            starts,
            [run.middle_seconds for run in picture.upcoming],
            "_",
            color="#1e8449",
            markersize=6,
            label="forecast, half",
        )
    if picture.allowed_seconds is not None:
        axes.axhline(
            picture.allowed_seconds,
            color="#d68910",
            linestyle="--",
            label=f"SLA leaves {duration(picture.allowed_seconds)}",
        )
    axes.axvline(_days(picture.now), color="0.6", linewidth=0.8)
    _draw_flags(axes, picture.flagged)
    _scale(axes, picture)
    _draw_changes(axes, picture)
    if reasons:
        axes.set_xlabel("\n".join(map(_reason, reasons)), loc="left", fontsize=8, parse_math=False)
    axes.set_title(_plain(picture.name), loc="left", fontsize=11, parse_math=False)
    axes.set_ylabel("duration")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    return figure


def _draw_usual(axes: "matplotlib.axes.Axes", picture: Picture) -> None:
    """The band of what was usual before each run, from run to run."""
    if not picture.usual:
        return
    starts = [_days(usual.started_at) for usual in picture.usual]
    axes.fill_between(
        starts,
        [usual.low_seconds for usual in picture.usual],
        [usual.high_seconds for usual in picture.usual],
        color=_USUAL,
        alpha=0.45,
        linewidth=0,
        label="usual, 1 to 99 %",
    )
    middles = [usual.middle_seconds for usual in picture.usual]
    axes.plot(starts, middles, color="#5b7f95", linewidth=0.9, label="usual, half")


def _draw_flags(axes: "matplotlib.axes.Axes", flagged: Sequence[PastRun]) -> None:
    """A ring around each flagged run."""
    if flagged:
        axes.plot(
            [_days(run.started_at) for run in flagged],
            [run.seconds for run in flagged],
            "o",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor=_FLAG,
            markeredgewidth=1.4,
            label="flagged",
        )


def _draw_changes(axes: "matplotlib.axes.Axes", picture: Picture) -> None:
    """A line where another level became usual, and at the last how much it is of the one before."""
    for change in picture.changes:
        axes.axvline(_days(change.from_at), color=_FLAG, linestyle=":", linewidth=1, alpha=0.7)
    for change in picture.changes[-1:]:
        axes.annotate(
            change.words,
            (_days(change.from_at), 0.98),
            xycoords=("data", "axes fraction"),
            xytext=(3, 0),
            textcoords="offset points",
            va="top",
            fontsize=8,
            color=_FLAG,
        )


def _reason(run: PastRun) -> str:
    """Why a run was flagged, as a line under the picture."""
    return f"{run.started_at:%d %b %H:%M}  {_plain(run.flag)}"


def _scale(axes: "matplotlib.axes.Axes", picture: Picture) -> None:
    """Durations on a logarithmic scale with marks that a clock has; a mark each week."""
    drawn = picture.all_seconds() or [1.0]
    low, high = min(drawn) / 1.3, max(drawn) * 1.3
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    marks = [seconds for seconds in _MARKS_SECONDS if low <= seconds <= high]
    marks = marks[:: max(len(marks) // _MOST_MARKS, 1)] or [drawn[0]]
    axes.set_yticks(marks, labels=[duration(seconds) for seconds in marks])
    axes.set_yticks([], minor=True)
    axes.set_xlim(_days(picture.begin), _days(picture.end))
    weeks = [picture.now + timedelta(days=7 * week) for week in range(-4, 2)]
    axes.set_xticks([_days(at) for at in weeks], labels=[f"{at:%d %b}" for at in weeks])


def _days(at: datetime) -> float:
    """Days since 1970, as matplotlib counts them."""
    return at.timestamp() / 86_400.0


def _plain(name: str) -> str:
    """A name of the sources in one line, without signs that no font has."""
    return "".join(sign if sign.isprintable() else " " for sign in name)[:80]
