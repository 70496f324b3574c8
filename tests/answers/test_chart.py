"""The picture of a job as characters and as a figure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.answers.html.figure import write_figure
from pipeline.answers.jobs.picture import Change, ComingRun, PastRun, Picture, Usual
from pipeline.answers.terminal.chart import chart
from pipeline.errors import UserError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _coming(seconds: list[tuple[float, float, float]]) -> tuple[ComingRun, ...]:
    """A run a day, with the quantiles of each."""
    return tuple(
        ComingRun(NOW + timedelta(days=day, hours=3), low, middle, high)
        for day, (low, middle, high) in enumerate(seconds)
    )


_RUNS = tuple(
    PastRun(NOW - timedelta(days=ago), seconds, verdict)
    for ago, seconds, verdict in ((20, 600.0, "ok"), (10, 5000.0, "missed"), (5, 30.0, "failed"))
)


def _picture(**columns: Any) -> Picture:
    columns_of_it: dict[str, Any] = {
        "name": "nightly",
        "now": NOW,
        "runs": _RUNS,
        "upcoming": _coming([(500.0, 700.0, 1000.0)] * 7),
        "allowed_seconds": 1800.0,
    }
    return Picture(**columns_of_it | columns)


def _lines(picture: Picture, width: int = 90) -> list[str]:
    return chart(picture, width).plain.split("\n")


def test_everything_is_where_it_belongs() -> None:
    lines = _lines(_picture())
    assert all(len(line) <= 90 for line in lines[:15])
    limit = next(index for index, line in enumerate(lines) if "╌╌╌" in line)
    missed, ok, failed = (
        next(index for index, line in enumerate(lines[:14]) if sign in line) for sign in "●•✕"
    )
    # Longer is higher: what was too late lies above the limit.
    assert missed < limit < ok < failed
    assert sum("░" in line for line in lines[:14]) >= 2
    assert "SLA leaves 30m00s" in lines[-1]
    days = next(line for line in lines if "23 Oct" in line)
    assert [word in days for word in ("20 Nov", "27 Nov")] == [True] * 2


def test_what_is_not_known_is_not_drawn() -> None:
    plain = chart(_picture(allowed_seconds=None, upcoming=()), 60).plain
    assert "╌" not in plain
    assert "░" not in plain
    assert "succeeded" in plain
    empty = _picture(runs=(), upcoming=(), allowed_seconds=None)
    assert "nothing to draw" in chart(empty, 60).plain
    assert "nightly" not in chart(_picture(), 60).plain


def test_what_was_usual_what_changed_and_what_was_flagged_are_drawn(tmp_path: Path) -> None:
    why = "3.1x its usual 12m00s on a Monday; once in 900 runs"
    usual = tuple(Usual(NOW - timedelta(days=day), 500.0, 600.0, 720.0) for day in range(25, 0, -1))
    flagged = replace(_RUNS[1], verdict="ok", flag=why)
    picture = _picture(
        runs=(_RUNS[0], flagged, _RUNS[2]),
        usual=usual,
        changes=(Change(NOW - timedelta(days=15), "1.6x since 5 November"),),
        upcoming=(),
    )
    lines = _lines(picture)
    [at] = [index for index, line in enumerate(lines[:14]) if "◆" in line]
    band = [index for index, line in enumerate(lines[:14]) if "▒" in line]
    assert at < min(band)
    assert sum("┆" in line for line in lines[:14]) >= 13
    assert all(words in "".join(lines[15:]) for words in ("flagged", "1 to 99 %", "1.6x since"))
    write_figure(picture, tmp_path / "flags.svg")
    drawn = (tmp_path / "flags.svg").read_text()
    assert all(words in drawn for words in (why, "1.6x since 5 November", "usual, 1 to 99 %"))
    assert picture.flagged == (flagged,)


def test_each_run_to_come_has_its_own_band(tmp_path: Path) -> None:
    usual, slow = (100.0, 120.0, 150.0), (4000.0, 4500.0, 5000.0)
    picture = _picture(upcoming=_coming([usual] * 5 + [slow] * 2), allowed_seconds=None)
    lines = _lines(picture)[:14]
    middles = {
        column: row
        for row, line in enumerate(lines)
        for column, sign in enumerate(line)
        if sign == "─"
    }
    rows = [middles[column] for column in sorted(middles)]
    # The weekend's runs are drawn higher up, and come last.
    assert rows == sorted(rows, reverse=True)
    assert rows[0] - rows[-1] >= 6
    write_figure(picture, tmp_path / "bands.svg")
    assert ElementTree.parse(tmp_path / "bands.svg")


@pytest.mark.parametrize("width", [1, 30, 60, 80, 300])
def test_any_width_will_do(width: int) -> None:
    plain = chart(_picture(), width).plain
    assert "●" in plain
    assert "SLA leaves 30m00s" in plain
    # Twenty columns are drawn at the least.
    assert max(len(line.rstrip()) for line in plain.split("\n")) <= max(width, 36)


def test_equal_durations_have_a_scale(tmp_path: Path) -> None:
    same = _picture(runs=tuple(replace(run, seconds=60.0) for run in _RUNS), upcoming=())
    assert "●" in chart(same, 80).plain
    write_figure(same, tmp_path / "same.svg")


@pytest.mark.parametrize("name", ["a & b < c > $x^2$ \x1b[31m", "名前 {{x}} %s", ""])
def test_a_figure_is_xml_whatever_the_job_is_called(tmp_path: Path, name: str) -> None:
    file = tmp_path / "new" / "one.svg"
    write_figure(_picture(name=name), file)
    assert ElementTree.parse(file).getroot().tag.endswith("svg")
    first = file.read_bytes()
    write_figure(_picture(name=name), file)
    assert file.read_bytes() == first


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_figure(_picture(), tmp_path / "file" / "one.svg")
