"""The picture of a job as an SVG: runs as points, the forecast as a band, the limit as a line."""

import warnings
from datetime import datetime, timedelta
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from pipeline.answers.jobs.picture import Picture
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
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
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
    _scale(axes, picture)
    axes.set_title(_plain(picture.name), loc="left", fontsize=11, parse_math=False)
    axes.set_ylabel("duration")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    return figure


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
