"""Proposed SLAs and slow growth of small fleets, through the engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from pipeline.scoring.growth import job_growth
from pipeline.scoring.proposals import sla_proposals
from pipeline.tables import gold, silver
from tests.strategies.tables import Row, frame_of, rows_of

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)


def _job(key: str, **columns: Any) -> Row:
    default: Row = {
        "workspace_id": "w",
        "series_key": key,
        "state": "active",
        "is_continuous": False,
    }
    return default | columns


def _runs(key: str, minutes: list[float], *, failed: int = 0) -> list[Row]:
    rows = []
    for index, took in enumerate([*minutes, *[None] * failed]):
        start = AS_OF - timedelta(days=index + 1)
        row: Row = {
            "workspace_id": "w",
            "series_key": key,
            "run_id": f"{key}-{index}",
            "run_date": start.date(),
            "started_at": start,
            "never_started": False,
            "status": "FAILED" if took is None else "SUCCEEDED",
        }
        if took is not None:
            row["first_success_at"] = start + timedelta(minutes=took)
            row["first_success_seconds"] = took * 60.0
        rows.append(row)
    return rows


def _next(key: str, at: datetime, basis: str = "cron", number: int = 1) -> Row:
    return {
        "workspace_id": "w",
        "series_key": key,
        "run_number": number,
        "start_basis": basis,
        "scheduled_at": at,
        "horizon_days": 0,
    }


def _proposed(
    spark: SparkSession, jobs: list[Row], upcoming: list[Row], runs: list[Row]
) -> dict[str, Row]:
    output = sla_proposals(
        frame_of(spark, gold.JOBS, jobs),
        frame_of(spark, gold.RUN_FORECAST, upcoming),
        frame_of(spark, silver.RUNS, runs),
    )
    return {row["series_key"]: row for row in rows_of(output)}


def test_what_history_and_the_next_job_speak_for(spark: SparkSession) -> None:
    at_two = datetime(2026, 11, 20, 2, tzinfo=UTC)
    berlin = {"timezone": "Europe/Berlin"}
    took = [30.0] * 28 + [40.0, 50.0]
    by_key = _proposed(
        spark,
        [
            _job("w/alone", **berlin),
            _job("w/first", team="data", **berlin),
            _job("w/second", team="data"),
            _job("w/other", team="ads"),
            _job("w/often"),
        ],
        [
            _next("w/alone", at_two),
            _next("w/first", at_two),
            _next("w/second", at_two + timedelta(minutes=45)),
            _next("w/other", at_two + timedelta(minutes=40)),
            _next("w/often", at_two),
            _next("w/often", at_two + timedelta(hours=12), number=2),
        ],
        [
            *_runs("w/alone", took, failed=2),
            *_runs("w/first", took),
            *_runs("w/often", took),
            *_runs("w/second", [5.0] * 9),
        ],
    )
    # 50 minutes and a fifth are an hour: 02:00 UTC is 03:00 in Berlin.
    alone = by_key["w/alone"]
    assert (alone["sla_kind"], alone["sla_time_of_day"]) == ("deadline", "04:00")
    assert (alone["sla_timezone"], alone["basis"]) == ("Europe/Berlin", "history")
    assert (alone["runs"], alone["met"]) == (32, 30)
    assert alone["evidence"] == (
        "30 of 32 runs in 32 days had succeeded by then; it starts at 03:00, half of the successes took 30m00s,"
        " the longest 50m00s"
    )
    # The job of its team that starts at 02:45 found it ended 29 times in 30.
    first = by_key["w/first"]
    assert (first["sla_time_of_day"], first["basis"]) == ("03:45", "downstream")
    assert (first["downstream_series_key"], first["met"]) == ("w/second", 29)
    often = by_key["w/often"]
    assert (often["sla_kind"], often["sla_limit_seconds"]) == ("limit", 3600.0)
    assert by_key["w/second"]["status"] == "too_few_runs"
    assert "9 successful runs" in by_key["w/second"]["reason"]


def test_every_job_has_a_proposal_or_a_reason(spark: SparkSession) -> None:
    jobs = [
        _job("w/declared", sla_kind="limit", sla_limit_seconds=60.0, sla_source="sla"),
        _job("w/timeout", sla_kind="limit", sla_limit_seconds=7200.0, sla_source="timeout"),
        _job("w/endless", is_continuous=True),
        _job("w/deleted", state="deleted"),
        _job("w/never"),
    ]
    by_key = _proposed(spark, jobs, [], _runs("w/timeout", [3.0] * 12))
    assert by_key["w/timeout"]["sla_limit_seconds"] == 240.0
    reasons = {key: row["reason"] for key, row in by_key.items()}
    assert reasons == {
        "w/declared": "it has an SLA",
        "w/timeout": "",
        "w/endless": "a continuous job runs without end",
        "w/deleted": "it is deleted",
        "w/never": "0 successful runs in 60 days; 10 are needed",
    }


def test_growth_names_a_day_or_says_why_not(spark: SparkSession) -> None:
    rng = np.random.default_rng(4)

    def days(key: str, seconds: "np.ndarray[Any, Any]") -> list[Row]:
        return [
            {
                "workspace_id": "w",
                "series_key": key,
                "run_date": (AS_OF - timedelta(days=60 - index)).date(),
                "median_seconds": float(value),
            }
            for index, value in enumerate(seconds)
        ]

    noise = np.exp(0.02 * rng.standard_normal(60))
    growing = 600.0 * np.exp(0.01 * np.arange(60)) * noise
    jobs = [_job(f"w/{key}") for key in ("grows", "over", "steady", "young", "no sla")]
    allowed = {"w/grows": 1800.0, "w/over": 900.0, "w/steady": 700.0}
    forecasts = [
        {"workspace_id": "w", "series_key": key, "allowed_seconds": seconds}
        for key, seconds in allowed.items()
    ]
    daily = [
        *(row for key in ("grows", "over", "no sla") for row in days(f"w/{key}", growing)),
        *days("w/steady", 600.0 * noise),
        *days("w/young", 600.0 * noise[:5]),
    ]
    output = job_growth(
        frame_of(spark, gold.JOBS, [*jobs, _job("w/endless", is_continuous=True)]),
        frame_of(spark, gold.JOB_DAILY, daily),
        frame_of(spark, gold.JOB_FORECAST, forecasts),
        as_of=AS_OF,
    )
    by_key = {row["series_key"]: row for row in rows_of(output)}
    grows = by_key["w/grows"]
    # log(1800 / 600) / 0.01 is day 109.9 of a line that has day 60 today.
    assert grows["growth_30_days"] == pytest.approx(np.expm1(0.3), abs=0.02)
    assert abs((grows["crosses_on"] - AS_OF.date()).days - 49) <= 3
    assert grows["crosses_earliest"] <= grows["crosses_on"] <= grows["crosses_latest"]
    assert (by_key["w/over"]["is_over"], by_key["w/over"]["crosses_on"]) == (True, None)
    assert (by_key["w/steady"]["state"], by_key["w/steady"]["crosses_on"]) == ("steady", None)
    assert (by_key["w/no sla"]["state"], by_key["w/no sla"]["is_over"]) == ("growing", None)
    assert (by_key["w/young"]["status"], by_key["w/young"]["days"]) == ("too_few_runs", 5)
    assert by_key["w/endless"]["reason"] == "a continuous job runs without end"
