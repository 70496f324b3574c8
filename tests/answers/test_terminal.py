"""Tables on a narrow terminal: what is copied is whole, and what says nothing is not there."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from rich.cells import cell_len
from rich.console import Console

from pipeline.answers.terminal.tables import facts, table
from pipeline.tables.gold import PARTS_OF_A_MISS

_AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
_NEXT_RUNS = {
    "expected_start_at": _AT,
    "expected_end_at": _AT,
    "due_at": _AT,
    "p_miss": 0.938,
    **{part.name: 0.001 for part in PARTS_OF_A_MISS},
    "reason": None,
}
_RUNS = {
    "run_id": "286142030227940",
    "started_at": _AT,
    "status": "SUCCEEDED",
    "attempts": 1,
    "busy_seconds": 4980.0,
    "wall_seconds": 4980.0,
    "sla_status": "MISSED",
    "list_cost": 3.41,
    "termination_code": "SUCCESS",
}


def _drawn(
    row: dict[str, Any], width: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], str]:
    monkeypatch.setenv("COLUMNS", str(width))
    out = StringIO()
    Console(file=out, width=width).print(table("it", pd.DataFrame([row, row])))
    return out.getvalue().splitlines(), out.getvalue()


@pytest.mark.parametrize("width", [72, 80, 100, 120, 160, 220])
@pytest.mark.parametrize(
    ("row", "whole"),
    [
        (_NEXT_RUNS, ("2026-11-25 02:00", "93.8%")),
        (_RUNS, ("286142030227940", "2026-11-25 02:00", "1h23m")),
    ],
)
def test_what_is_shown_is_shown_whole(
    row: dict[str, Any], whole: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, text = _drawn(row, width, monkeypatch)
    assert max(map(cell_len, lines)) <= width
    for value in whole:
        assert text.count(value) >= 2, text
    assert "…" not in text
    # Every column is there, or named among those that are not.
    shown, _, left_out = text.partition("Not shown for want of width:")
    for name, value in row.items():
        words = name.split("_")
        there = all(word in shown for word in words) or " ".join(words) in " ".join(
            left_out.split()
        )
        assert there or value is None, name


def test_a_column_that_says_nothing_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "reason" not in _drawn(_NEXT_RUNS, 160, monkeypatch)[1]
    told = _NEXT_RUNS | {"reason": "its schedule has no time in the next 7 days"}
    assert "reason" in _drawn(told, 160, monkeypatch)[1]


def test_what_a_table_is_about_goes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow: when the next run is due, and how probably it misses."""
    text = _drawn(_NEXT_RUNS, 60, monkeypatch)[1]
    assert "due at" in text
    assert "93.8%" in text
    job = "features_ingest\n5206439413157315/184646510165735"
    asked = {
        "job": job,
        "team": "risk",
        "tier": 1,
        "p_miss": 0.992,
        "next_start": "2026-11-25 00:05",
    }
    text = _drawn(asked | {"sla": "by 04:00 Europe/Berlin"}, 72, monkeypatch)[1]
    assert job.split("\n")[1] in text
    assert "99.2%" in text


@pytest.mark.parametrize(
    ("columns", "whole"),
    [
        (
            {
                "state": "active",
                "sla": "limit by sla_minutes",
                "runs": 340,
                "last_run": "2026-11-29",
            },
            ("sla_minutes", "2026-11-29"),
        ),
        (
            {"sla": "by 01:30 America/New_York", "source": "health_rule", "p_miss": 0.063},
            ("America/New_York", "health_rule", "6.3%"),
        ),
    ],
)
def test_a_long_name_gives_way_to_words_and_its_key_stays(
    columns: dict[str, Any], whole: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "5206439413157315/662557978176617"
    job = f"fraud_scores_daily_load_of_all_regions\n{key}"
    lines, text = _drawn({"job": job} | columns, 80, monkeypatch)
    assert max(map(cell_len, lines)) <= 80
    for value in (key, *whole):
        assert text.count(value) == 2, text


def test_a_link_is_shown_whole() -> None:
    url = "https://dbc-00000000.cloud.databricks.com/jobs/192046375112956/and/more"
    out = StringIO()
    Console(file=out, width=60).print(facts("job", pd.DataFrame([{"url": url}])))
    assert url in "".join(line.split("│")[-2].strip() for line in out.getvalue().splitlines()[2:-1])
