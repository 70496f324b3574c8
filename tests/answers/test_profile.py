"""What is said of one job: sentences that follow from its rows, and nothing where nothing is known."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.jobs.profile import Profile, picture, profile
from pipeline.answers.terminal.job import job_lines
from pipeline.tables import gold, ops, silver
from pipeline.tables.declaration import Table
from tests.answers.homes import reader_of
from tests.strategies.tables import Row, at, on

_KEY = {"workspace_id": "w", "series_key": "w/7"}
_JOB = _KEY | {
    "name": "load orders",
    "team": "core",
    "tier": 1,
    "owner": "ann@example.com",
    "runs": 28,
    "first_run_date": on(0),
    "last_run_date": on(27),
    "cron": "0 0 6 * * ?",
    "timezone": "Europe/Berlin",
    "state": "active",
    "series_basis": "job_id",
}
_SETTINGS = {
    "max_retries": 3,
    "max_concurrent_runs": 1,
    "is_queued": True,
    "failure_recipients": 2,
    "timeout_seconds": 7200.0,
}
_AS_OF = {"reader": "run_forecast", "input": "as_of", "position": at(28).isoformat()}


def _profile(home: Path, rows: dict[Table, list[Row]]) -> tuple[DeltaReader, Profile]:
    tables = {gold.JOBS: [_JOB], ops.POSITIONS: [_AS_OF]} | rows
    reader = reader_of(home, tables)
    return reader, profile(reader, "w/7")


def _of(table: Table, **columns: Any) -> dict[Table, list[Row]]:
    return {table: [_KEY | columns]}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({}, "load orders (w/7): team core, tier 1, owner ann@example.com; 28 runs since"),
        ({}, "scheduled at 0 0 6 * * ? Europe/Berlin."),
        ({}, "none of the last 90 days has a known outcome"),
        (
            _of(
                gold.JOB_HEALTH,
                last_run_id="70",
                last_status="FAILED",
                last_ended_at=at(27, 7),
                last_termination_code="DRIVER_ERROR",
                is_failing=True,
                consecutive_failures=3,
                failing_since=at(25, 7),
                last_success_at=at(24, 7),
            ),
            "It is failing: 3 runs in a row since 2026-04-17 07:00 UTC, the last with DRIVER_ERROR;"
            " the last success ended at 2026-04-16 07:00 UTC.",
        ),
        (
            _of(
                gold.JOB_HEALTH, last_run_id="70", last_status="SUCCEEDED", last_ended_at=at(27, 7)
            ),
            "It works: run 70 ended with SUCCEEDED at 2026-04-19 07:00 UTC.",
        ),
        (
            _of(
                gold.JOB_FORECAST,
                next_start_at=at(28, 6),
                p50_seconds=600.0,
                p95_seconds=900.0,
                sla_kind="limit",
                sla_limit_seconds=840.0,
                sla_source="sla",
                p_miss=0.12,
                p_miss_duration=0.1,
                p_miss_failure=0.02,
                sla_status="ok",
            ),
            "Its next run is expected at 2026-04-20 06:00 UTC. It takes 10m00s as often as not and less than"
            " 15m00s in 95 of 100 cases. Its SLA is within 14m00s (sla): it will be missed with a"
            " probability of 12.0 %, mostly because of how long it takes.",
        ),
        (
            _of(gold.JOB_FORECAST, start_reason="it has no schedule")
            | _of(gold.SLA_PROPOSALS, status="ok", sla_kind="limit", sla_limit_seconds=1200.0),
            "When it runs next is not known (it has no schedule). It has no SLA; within 20m00s would suit"
            " it, and waits for somebody to accept it.",
        ),
        (
            _of(
                gold.JOB_BASELINE,
                center_seconds=600.0,
                usual_low_seconds=480.0,
                usual_high_seconds=750.0,
                regime_start=at(3),
            )
            | _of(
                gold.JOB_REGIMES,
                metric="duration_seconds",
                regime=1,
                from_at=at(3),
                ratio=1.6,
                direction="up",
            ),
            "It usually takes 10m00s (8m00s to 12m30s in 98 of 100 runs) since 2026-03-26, 1.6x since 26 March.",
        ),
        (
            _of(
                gold.RUN_ANOMALIES,
                night_at=at(5),
                run_id="70",
                metric="duration_seconds",
                p_value=0.0005,
                severity="3.1x its usual 12m00s on a Monday; once in 2,000 runs",
            ),
            "It was last flagged in the 24 hours to 2026-03-28 00:00 UTC: run 70: 3.1x its usual 12m00s on a"
            " Monday; once in 2,000 runs.",
        ),
        (
            _of(gold.JOB_GROWTH, growth_30_days=0.2, crosses_on=on(60)),
            "It grows by 20.0 % in 30 days, and a usual run will not fit its SLA from 2026-05-22 on.",
        ),
        (_of(gold.JOB_GROWTH, growth_30_days=0.2, is_over=True), "does not fit its SLA any more"),
        (
            _of(
                gold.RIGHTSIZING, reason="the cluster autoscales: there is no fixed size to compare"
            ),
            "Cluster: the cluster autoscales: there is no fixed size to compare.",
        ),
        (
            {gold.JOBS: [_JOB | _SETTINGS]},
            "A failed task is tried up to 3 times more; a run is stopped after 2h00m, and one beyond 1 at once"
            " waits; 2 recipients are told of a failure.",
        ),
        (
            {
                gold.JOBS: [
                    _JOB
                    | _SETTINGS
                    | {"max_retries": 0, "timeout_seconds": None, "is_queued": False}
                    | {"failure_recipients": 0}
                ]
            },
            "A failed task is not tried again; a run has no timeout, and one beyond 1 at once is skipped;"
            " nobody is told of a failure.",
        ),
        (
            {gold.JOBS: [_JOB | {"settings_problem": "the Jobs API has not told of it"}]},
            "who is told of failures are not known: the Jobs API has not told of it.",
        ),
        (
            _of(
                gold.JOB_TRENDS,
                window_days=30,
                list_cost=2,
                previous_list_cost=0,
                previous_unpriced_quantity=4,
                previous_unpriced_unit="DBU",
                currency_code="USD",
                last_cost_day=on(26),
            ),
            "It cost 2.00 USD at list prices in the 30 days to 2026-04-18.",
        ),
    ],
)
def test_a_sentence_follows_from_the_rows(
    tmp_path: Path, rows: dict[Table, list[Row]], sentence: str
) -> None:
    _, about = _profile(tmp_path, rows)
    assert sentence in " ".join(about.sentences())


def test_the_page_of_a_job_opens_with_sentences_and_fits(tmp_path: Path) -> None:
    runs = [
        _KEY
        | {"job_id": "7", "run_id": str(day), "started_at": at(day, 4), "run_date": on(day)}
        | {
            "status": "SUCCEEDED",
            "busy_seconds": 600.0,
            "first_success_seconds": 600.0,
            "attempts": 1,
        }
        for day in range(28)
    ]
    reader, about = _profile(tmp_path, {silver.RUNS: runs})
    for width in (60, 80, 120, None):
        lines = [
            line.plain
            for line in job_lines(
                about, picture(reader, about), width, str, most_runs=5, widest=140
            )
        ]
        assert lines[0].startswith("load orders (w/7): team core")
        assert max(map(len, lines)) <= (width or 1000)
        assert "Runs, 5 of 28" in lines
        assert sum("2026-04-1" in line and "10m00s" in line for line in lines) == 5


def test_costs_are_compared_with_days_on_which_the_job_was_there(tmp_path: Path) -> None:
    trend = _of(
        gold.JOB_TRENDS,
        window_days=30,
        list_cost=2,
        previous_list_cost=0,
        previous_unpriced_quantity=4,
        previous_unpriced_unit="DBU",
        currency_code="USD",
        last_cost_day=on(60),
    )
    for name, first_day, is_compared in (("old", on(0), True), ("new", on(2), False)):
        job = {gold.JOBS: [_JOB | {"first_run_date": first_day}]}
        _, about = _profile(tmp_path / name, trend | job)
        said = " ".join(about.sentences())
        assert ("and 4 DBU unpriced in the 30 days before" in said) == is_compared


def test_an_sla_that_is_proposed_is_accepted_by_a_command_that_can_be_copied(
    tmp_path: Path,
) -> None:
    key = "w/load (daily)"
    rows = {
        gold.JOBS: [_JOB | {"series_key": key}],
        gold.JOB_FORECAST: [_KEY | {"series_key": key, "start_reason": "it has no schedule"}],
        gold.SLA_PROPOSALS: [
            _KEY
            | {"series_key": key, "status": "ok", "sla_kind": "limit", "sla_limit_seconds": 60.0}
        ],
        ops.POSITIONS: [_AS_OF],
    }
    reader = reader_of(tmp_path, rows)
    about = profile(reader, key)
    lines = job_lines(
        about, picture(reader, about), 60, "rightrun {} --home h".format, most_runs=5, widest=140
    )
    assert "  rightrun sla accept 'w/load (daily)' --home h" in [line.plain for line in lines]
