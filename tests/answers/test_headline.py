"""What a night says first: as of when, how the jobs are, what has changed, and the one thing to look at."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.answers.nights.headline import headline
from pipeline.answers.terminal.night import stages
from pipeline.tables import gold, ops
from pipeline.tables.declaration import Table
from tests.answers.homes import reader_of
from tests.strategies.tables import Row, at, on

_NIGHTS = ["2026-04-20T00", "2026-04-21T00"]


def _key(number: int) -> Row:
    return {"workspace_id": "w", "series_key": f"w/{number}"}


def _jobs(**columns: Any) -> list[Row]:
    return [_key(n) | {"name": f"job {n}", "tier": n, "state": "active"} | columns for n in (1, 2)]


def _said(home: Path, rows: dict[Table, list[Row]], *, nights: int = 2) -> list[str]:
    steps = [
        {
            "night_id": night,
            "step": "job_verdicts",
            "table_name": "gold.job_verdicts",
            "as_of": at(28 + number),
        }
        for number, night in enumerate(_NIGHTS[:nights])
    ]
    given = [
        {"reader": "run_forecast", "input": "as_of", "position": at(27 + nights).isoformat()},
        {"reader": "job_trends", "input": "last_cost_day", "position": str(on(27))},
    ]
    tables = {gold.JOBS: _jobs(), gold.NIGHT_STEPS: steps, ops.POSITIONS: given} | rows
    first = headline(reader_of(home, tables), lambda words: f"rightrun {words} --home h")
    return [first.as_of, first.state, first.changes, f"{first.first} {first.command}"]


def test_as_of_when_and_which_source_is_behind(tmp_path: Path) -> None:
    sources = [
        {"source_table": "system.lakeflow.job_run_timeline", "behind_hours": 1.0},
        {"source_table": "system.billing.usage", "behind_hours": 50.0},
        # Nobody has changed a pipeline for a year: nothing is wrong with that.
        {"source_table": "system.lakeflow.pipelines", "behind_hours": 9_000.0},
    ]
    first, *_ = _said(tmp_path, {gold.SOURCE_FRESHNESS: sources})
    assert first == (
        "As of 2026-04-21 00:00 UTC; costs to 2026-04-19. Stalest source: system.billing.usage, 50 h behind"
        " when it was read."
    )


def test_how_the_jobs_are_and_what_they_would_save(tmp_path: Path) -> None:
    sizes = [
        _key(1) | {"action": "downsize", "saving_mid": 10.0, "currency_code": "USD"},
        _key(2) | {"action": "keep", "saving_mid": 0.0, "currency_code": "USD"},
    ]
    _, state, *_ = _said(tmp_path, {gold.RIGHTSIZING: sizes})
    assert state == (
        "2 jobs, 2 of them active: 0 failing now; 0 more likely than not to miss the SLA with their next"
        " run; 1 to run on a smaller cluster (about 10.00 USD a month)."
    )


def test_what_has_changed_since_the_night_before(tmp_path: Path) -> None:
    verdicts = [
        _key(1)
        | {
            "question": "failing",
            "verdict": "failing",
            "previous_verdict": "ok",
            "since_at": at(29),
        },
        _key(2)
        | {
            "question": "failing",
            "verdict": "ok",
            "previous_verdict": "failing",
            "since_at": at(28),
        },
        _key(2) | {"question": "size", "verdict": "keep", "since_at": at(29)},
    ]
    changes = _said(tmp_path / "two", {gold.JOB_VERDICTS: verdicts})[2]
    assert changes == "Since the night before: 1 began to fail (job 1)."
    none = _said(tmp_path / "none", {gold.JOB_VERDICTS: verdicts[1:]})[2]
    assert none.startswith("Since the night before: nothing that is said")
    first = _said(tmp_path / "first", {gold.JOB_VERDICTS: verdicts}, nights=1)[2]
    assert first.startswith("This is the first night")


_FAILING = _key(2) | {
    "is_failing": True,
    "consecutive_failures": 3,
    "failing_since": at(26),
    "last_termination_code": "DRIVER_ERROR",
}
_MISS = _key(1) | {
    "p_miss": 0.9,
    "sla_status": "ok",
    "sla_kind": "deadline",
    "sla_time_of_day": "06:30",
    "sla_timezone": "Europe/Berlin",
    "next_start_at": at(29, 4),
}
_SIZE = _key(1) | {
    "action": "downsize",
    "workers": 8,
    "recommended_workers": 4,
    "saving_mid": 12.0,
    "currency_code": "USD",
}


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        (
            {gold.JOB_HEALTH: [_FAILING], gold.JOB_FORECAST: [_MISS], gold.RIGHTSIZING: [_SIZE]},
            "First: job 2 (tier 2) has failed 3 times in a row since 2026-04-18 00:00 UTC (DRIVER_ERROR)."
            " rightrun show job w/2 --home h",
        ),
        (
            {gold.JOB_FORECAST: [_MISS], gold.RIGHTSIZING: [_SIZE]},
            "First: job 1 (tier 1) misses its SLA (by 06:30 Europe/Berlin) with a probability of 90.0 % at"
            " 2026-04-21 04:00 UTC. rightrun show job w/1 --home h",
        ),
        (
            {},
            "First: no job has an SLA, so none can be said to miss it. rightrun sla propose --home h",
        ),
        (
            {gold.JOBS: _jobs(sla_kind="limit"), gold.RIGHTSIZING: [_SIZE]},
            "First: job 1 (tier 1) would do with 4 workers instead of 8, which saves about 12.00 USD a"
            " month. rightrun show job w/1 --home h",
        ),
        (
            {gold.JOBS: _jobs(sla_kind="limit")},
            "First: nothing is urgent; see how each job is. rightrun show jobs --home h",
        ),
    ],
)
def test_the_most_urgent_thing_is_named(
    tmp_path: Path, rows: dict[Table, list[Row]], first: str
) -> None:
    assert _said(tmp_path, rows)[-1] == first


def test_a_home_without_anything_has_a_headline(tmp_path: Path) -> None:
    nothing = headline(reader_of(tmp_path, {}), str)
    assert nothing.as_of.startswith("Nothing has been computed yet")
    assert (nothing.state, nothing.changes, nothing.first) == ("", "", "")
    assert nothing.command == "nightly"


def test_stages_add_up_their_steps() -> None:
    step = {"stage": "gold", "rows_read": 10, "inserted": 1, "updated": 2, "deleted": 3}
    step |= {"rejected": 0, "duplicates": 0, "late": 4, "seconds": 61.0}
    (row,) = stages([step, step]).shown
    assert row == {
        "stage": "gold",
        "tables": "2",
        "rows_read": "20",
        "rows_written": "12",
        "quarantined": "0",
        "repeated": "0",
        "late": "8",
        "took": "2m02s",
    }
