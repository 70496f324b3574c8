"""Runs in progress: what is left of them by a curve worked by hand, and when nothing is said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from optimizer.quantile import LOGIT_LEVELS
from pipeline.scoring.in_flight import in_flight
from pipeline.tables import gold, silver
from tests.strategies.tables import Row, frame_of, rows_of

AS_OF = datetime(2026, 11, 20, 6, tzinfo=UTC)


def _hours_ago(hours: float) -> datetime:
    return AS_OF - timedelta(hours=hours)


def _going(spark: SparkSession, *cases: tuple[Row, Row]) -> dict[str, Row]:
    """Rows by run, of cases (columns of the job, columns of the attempt)."""
    jobs, states, attempts, runs = [], [], [], []
    for number, (job, attempt) in enumerate(cases, start=1):
        key = {"workspace_id": "w", "series_key": f"w/{number}"}
        run = key | {"run_id": str(number), "run_date": AS_OF.date()}
        default: Row = {"attempt": 0, "started_at": _hours_ago(1), "seen_until": AS_OF}
        jobs.append(key | {"is_continuous": False} | job)
        attempts.append(run | {"status": "IN_FLIGHT"} | default | attempt)
        runs.append(run | {"status": "IN_FLIGHT", "attempts": 1, "started_at": _hours_ago(1)})
        if "first_start" in attempt:
            runs[-1]["started_at"] = attempt["first_start"]
        states.append(
            {
                "job_id": key["series_key"],
                "status": "ok",
                "reason": "",
                "runs": 20,
                "failure_rate": 0.0,
                "quantile_seconds": (3600.0 * np.exp(0.5 * LOGIT_LEVELS)).tolist(),
            }
        )
    output = in_flight(
        frame_of(spark, gold.JOBS, jobs),
        frame_of(spark, gold.DURATION_STATES, states),
        frame_of(spark, silver.ATTEMPTS, [_declared(row) for row in attempts]),
        frame_of(spark, silver.RUNS, runs),
        as_of=AS_OF,
    )
    return {row["run_id"]: row for row in rows_of(output)}


def _declared(row: Row) -> Row:
    return {name: value for name, value in row.items() if name in silver.ATTEMPTS.column_names}


def test_what_is_left_and_what_is_missed(spark: SparkSession) -> None:
    deadline: dict[str, Any] = {"sla_kind": "deadline", "sla_timezone": "UTC"}
    by_key = _going(
        spark,
        ({"sla_kind": "limit", "sla_limit_seconds": 7200.0}, {}),
        (deadline | {"sla_time_of_day": "07:00"}, {}),
        (deadline | {"sla_time_of_day": "05:30"}, {}),
        ({}, {}),
        # A repair: due is what was due when the run first started.
        (
            deadline | {"sla_time_of_day": "05:30"},
            {"attempt": 1, "started_at": _hours_ago(1), "first_start": _hours_ago(3)},
        ),
    )
    # S(x) = 1 / (1 + (x / 3600)^2): S(3600) = 1/2, S(7200) = 1/5. Half of those alive at 1 h end by
    # x with S = 1/4, which is 3600 sqrt(3).
    for number in "12345":
        row = by_key[number]
        assert row["status"] == "ok"
        assert row["elapsed_seconds"] == 3600.0
        assert row["remaining_p50_seconds"] == pytest.approx(3600.0 * (3**0.5 - 1), rel=1e-6)
    assert by_key["1"]["p_miss"] == pytest.approx(0.4, abs=1e-6)
    assert by_key["2"]["due_at"] == AS_OF + timedelta(hours=1)
    assert by_key["2"]["p_miss"] == pytest.approx(0.4, abs=1e-6)
    assert by_key["3"]["p_miss"] == 1.0
    assert (by_key["4"]["p_miss"], by_key["4"]["due_at"]) == (None, None)
    assert by_key["5"]["due_at"] == AS_OF - timedelta(minutes=30)
    assert by_key["5"]["p_miss"] == 1.0


def test_when_nothing_can_be_said_it_says_why(spark: SparkSession) -> None:
    limit = {"sla_kind": "limit", "sla_limit_seconds": 7200.0}
    by_key = _going(
        spark,
        (limit | {"is_continuous": True}, {}),
        (limit, {"started_at": _hours_ago(40), "seen_until": _hours_ago(30)}),
    )
    assert {row["status"] for row in by_key.values()} == {"not_assessed"}
    assert by_key["1"]["reason"] == "a continuous job runs without end"
    assert by_key["2"]["reason"].startswith("nothing was heard of it for 24 hours")
    assert {row["p_miss"] for row in by_key.values()} == {None}
    assert {row["remaining_p50_seconds"] for row in by_key.values()} == {None}


def test_nothing_in_progress_is_no_row(spark: SparkSession) -> None:
    assert _going(spark) == {}
