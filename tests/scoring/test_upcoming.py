"""When jobs start next, and what their coming runs are told to miss, through the engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from optimizer.forecast import Forecaster, fit
from optimizer.quantile import LEVELS, LOGIT_LEVELS
from pipeline.scoring.retries import retries_of_the_fleet
from pipeline.scoring.upcoming import job_forecast, run_forecast
from pipeline.tables import gold, silver
from tests.scoring.upcoming import AS_OF, forecasts, job_row
from tests.strategies.tables import Row, frame_of, rows_of


def _state(key: str, seconds: float = 600.0, spread: float = 0.1, failing: float = 0.0) -> Row:
    curve = (seconds * np.exp(spread * LOGIT_LEVELS)).tolist()
    return {
        "job_id": key,
        "status": "ok",
        "reason": "",
        "runs": 20,
        "effective_runs": 10.0,
        "failure_rate": failing,
        "quantile_seconds": curve,
    }


def _runs(key: str, starts: list[datetime], **columns: Any) -> list[Row]:
    return [
        {
            "workspace_id": "w",
            "series_key": key,
            "run_id": f"{key}-{index}",
            "run_date": start.date(),
            "started_at": start,
            "trigger_type": "CRON",
            "attempts": 1,
            "status": "SUCCEEDED",
            "never_started": False,
            "busy_seconds": 600.0,
            "wall_seconds": 600.0,
        }
        | columns
        for index, start in enumerate(starts)
    ]


def _days_before(hour: int, late: float = 0.0, days: int = 28) -> list[datetime]:
    return [
        AS_OF - timedelta(days=ago) + timedelta(hours=hour, minutes=late)
        for ago in range(days, 0, -1)
    ]


def test_a_week_of_starts_with_daylight_saving(spark: SparkSession) -> None:
    job = job_row(
        "w/1",
        cron="0 0 6 * * ?",
        timezone="Europe/Berlin",
        sla_kind="deadline",
        sla_time_of_day="07:00",
        sla_timezone="Europe/Berlin",
    )
    rows = forecasts(spark, [job], [_state("w/1")], _runs("w/1", _days_before(4, 5.0)))["w/1"]
    assert [row["run_number"] for row in rows] == list(range(1, 8))
    # 06:00 in Berlin is 04:00 UTC until Sunday, and 05:00 from then on.
    assert [row["scheduled_at"].hour for row in rows] == [4, 4, 5, 5, 5, 5, 5]
    assert [row["horizon_days"] for row in rows] == list(range(7))
    assert {row["allowed_seconds"] for row in rows} == {3600.0}
    assert {row["start_basis"] for row in rows} == {"cron"}
    assert rows[0]["starts_learned"] == 28
    assert rows[0]["expected_start_at"] == datetime(2026, 10, 23, 4, 5, tzinfo=UTC)
    assert rows[0]["expected_end_at"] == datetime(2026, 10, 23, 4, 15, tzinfo=UTC)
    # 55 minutes are left: P(600 s * odds^0.1 > 3300 s) = 1 / (1 + 5.5^10).
    assert rows[0]["p_miss"] == pytest.approx(1.0 / (1.0 + 5.5**10), rel=1e-6)


def test_the_parts_add_up_and_say_what_is_to_blame(spark: SparkSession) -> None:
    deadline = {"sla_kind": "deadline", "sla_time_of_day": "05:00", "sla_timezone": "UTC"}
    plan = {"cron": "0 0 4 * * ?", "timezone": "UTC"}
    late = [
        start + timedelta(minutes=55 if index % 2 else 0)
        for index, start in enumerate(_days_before(4))
    ]
    by_key = forecasts(
        spark,
        [
            *(job_row(f"w/{key}", **plan, **deadline) for key in ("late", "slow", "failing")),
            job_row("w/limit", **plan, sla_kind="limit", sla_limit_seconds=600.0),
        ],
        [
            _state("w/late"),
            _state("w/slow", 3600.0),
            _state("w/failing", failing=0.3),
            _state("w/limit", failing=0.3),
        ],
        [
            *_runs("w/late", late),
            *(
                run
                for key in ("slow", "failing", "limit")
                for run in _runs(f"w/{key}", _days_before(4))
            ),
        ],
    )
    blamed = {}
    for key, rows in by_key.items():
        parts = {
            part: rows[0][f"p_miss_{part}"] for part in ("upstream", "start", "duration", "failure")
        }
        assert sum(parts.values()) == pytest.approx(rows[0]["p_miss"])
        blamed[key] = max(parts, key=lambda part: parts[part])
    assert blamed == {
        "w/late": "start",
        "w/slow": "duration",
        "w/failing": "failure",
        "w/limit": "duration",
    }
    assert by_key["w/late"][0]["p_miss_start"] == pytest.approx(0.5, abs=0.06)
    assert by_key["w/slow"][0]["p_miss"] == pytest.approx(0.5, abs=0.01)
    # Nobody of this fleet tries again.
    assert by_key["w/failing"][0]["p_miss_failure"] == pytest.approx(0.3, abs=0.01)
    assert by_key["w/limit"][0]["p_miss"] == pytest.approx(1 - 0.7 * 0.5)


def test_every_job_says_when_it_starts_or_why_not(spark: SparkSession) -> None:
    limit = {"sla_kind": "limit", "sla_limit_seconds": 900.0}
    by_hand = [AS_OF - timedelta(hours=hours) for hours in (5, 40, 48, 100, 190, 290, 300)]
    jobs = [
        job_row("w/continuous", is_continuous=True, **limit),
        job_row("w/deleted", state="deleted", cron="0 0 4 * * ?", timezone="UTC"),
        job_row("w/gaps", **limit),
        job_row("w/misread", cron="every night", timezone="UTC", **limit),
        job_row("w/nothing", **limit),
        job_row("w/over", cron="0 0 4 * * ? 2025", timezone="UTC", **limit),
        job_row("w/paused", state="paused", cron="0 0 4 * * ?", timezone="UTC", **limit),
        job_row("w/periodic", periodic_seconds=43_200.0, **limit),
        job_row("w/plain", cron="0 0 4 * * ?", timezone="UTC"),
        job_row("w/rhythm", **limit),
        job_row("w/young", cron="0 0 4 * * ?", timezone="UTC", **limit),
        job_row("w/zoneless", cron="0 0 4 * * ?", **limit),
    ]
    regular = {"trigger_type": "ONETIME"}
    by_key = forecasts(
        spark,
        jobs,
        [_state(job["series_key"]) for job in jobs if job["series_key"] != "w/young"],
        [
            *_runs("w/gaps", by_hand, **regular),
            *_runs("w/misread", _days_before(4), **regular),
            *_runs("w/rhythm", _days_before(4), **regular),
            *_runs("w/periodic", [AS_OF - timedelta(hours=30)], trigger_type="PERIODIC"),
        ],
    )
    assert sorted(by_key) == [job["series_key"] for job in jobs]
    answers = {
        key: (rows[0]["start_basis"], len(rows), rows[0]["status"], rows[0]["reason"])
        for key, rows in by_key.items()
    }
    assert answers == {
        "w/continuous": (None, 1, "not_assessed", "a continuous job runs without end"),
        "w/deleted": (None, 1, "not_assessed", "the job is deleted"),
        "w/gaps": ("gaps", 1, "ok", ""),
        "w/misread": ("rhythm", 7, "ok", ""),
        "w/nothing": (
            None,
            1,
            "not_assessed",
            "it has no schedule, and 0 starts in 28 days are too few",
        ),
        "w/over": ("cron", 1, "not_assessed", "its schedule has no time in the next 7 days"),
        "w/paused": (None, 1, "not_assessed", "the job's trigger is paused"),
        "w/periodic": ("periodic", 14, "ok", ""),
        "w/plain": ("cron", 7, "not_assessed", "the job has no SLA"),
        "w/rhythm": ("rhythm", 7, "ok", ""),
        "w/young": ("cron", 7, "not_assessed", "not seen by the last fit"),
        "w/zoneless": (
            None,
            1,
            "not_assessed",
            "its schedule's time zone is not known; no schedule of it can be read, and 0 starts in"
            " 28 days are too few",
        ),
    }
    assert [row["run_number"] for row in by_key["w/paused"]] == [0]
    assert by_key["w/periodic"][0]["scheduled_at"] == AS_OF + timedelta(hours=6)


def test_what_is_not_known_of_a_job_is_not_taken_to_be_none(spark: SparkSession) -> None:
    """A definition that is missing, a trigger that it does not tell, an SLA that cannot be read."""
    jobs = [
        job_row("w/undefined", state="undefined"),
        job_row("w/untold"),
        job_row("w/by hand"),
        job_row("w/misread", cron="0 0 4 * * ?", timezone="UTC", sla_problem="tag sla=soon is odd"),
    ]
    once = [AS_OF - timedelta(hours=30)]
    runs = [*_runs("w/untold", once), *_runs("w/by hand", once, trigger_type="ONETIME")]
    by_key = forecasts(spark, jobs, [_state(job["series_key"]) for job in jobs], runs)
    assert {key: rows[0]["reason"] for key, rows in by_key.items()} == {
        "w/undefined": "system.lakeflow.jobs does not define it, so its schedule is not known, and"
        " 0 starts in 28 days are too few",
        "w/untold": "its runs are started by a schedule that its definition does not tell, and"
        " 1 starts in 28 days are too few",
        "w/by hand": "it has no schedule, and 1 starts in 28 days are too few",
        "w/misread": "its SLA could not be read: tag sla=soon is odd",
    }


def test_a_run_without_a_schedule_is_due_by_the_clock_it_starts_under(spark: SparkSession) -> None:
    """Three hours before the clock time or three after: a run of two hours misses it half the time."""
    starts = [AS_OF - timedelta(hours=hours) for hours in (1, 4, 28, 31, 55, 58, 82, 85, 109)]
    job = job_row("w/1", sla_kind="deadline", sla_time_of_day="06:00", sla_timezone="UTC")
    (row,) = forecasts(
        spark, [job], [_state("w/1", 7200.0)], _runs("w/1", starts, trigger_type="ONETIME")
    )["w/1"]
    assert row["start_basis"] == "gaps"
    assert 0.0 < row["p_miss"] < 1.0


def test_retries_are_those_of_the_job_and_of_the_fleet(spark: SparkSession) -> None:
    tried = _runs("w/1", _days_before(4, days=8), attempts=2, wall_seconds=1500.0)
    gave_up = _runs("w/2", _days_before(4, days=2), status="FAILED")
    fleet = retries_of_the_fleet(frame_of(spark, silver.RUNS, [*tried, *gave_up]))
    assert fleet.share == pytest.approx(0.8)
    assert set(fleet.wait_seconds) == {900.0}
    assert len(fleet.wait_seconds) == LEVELS.size
    nobody = retries_of_the_fleet(frame_of(spark, silver.RUNS, []))
    assert (nobody.share, set(nobody.wait_seconds)) == (0.0, {0.0})
    deadline = {"sla_kind": "deadline", "sla_time_of_day": "05:00", "sla_timezone": "UTC"}
    jobs = [job_row(f"w/{n}", cron="0 0 4 * * ?", timezone="UTC", **deadline) for n in (1, 2)]
    states = [_state(f"w/{n}", failing=0.3) for n in (1, 2)]
    by_key = forecasts(spark, jobs, states, [*tried, *gave_up])
    # P = 0.3 - r 0.3 0.7, r being (8 + 5 * 0.8) / 13 and (0 + 5 * 0.8) / 7.
    assert by_key["w/1"][0]["p_miss"] == pytest.approx(0.3 - 0.21 * 12 / 13, abs=0.002)
    assert by_key["w/2"][0]["p_miss"] == pytest.approx(0.3 - 0.21 * 4 / 7, abs=0.002)


def test_a_job_sums_up_its_runs(spark: SparkSession) -> None:
    jobs = frame_of(
        spark,
        gold.JOBS,
        [
            job_row(
                "w/1",
                cron="0 0 0/6 * * ?",
                timezone="UTC",
                sla_kind="limit",
                sla_limit_seconds=600.0,
            ),
            job_row("w/2", state="paused", sla_kind="limit", sla_limit_seconds=60.0),
        ],
    )
    states = frame_of(spark, gold.DURATION_STATES, [_state("w/1"), _state("w/2")])
    runs = frame_of(spark, silver.RUNS, _runs("w/1", []))
    tasks = frame_of(spark, silver.TASK_RUNS, [])
    each = run_forecast(jobs, states, runs, tasks, as_of=AS_OF)
    one, two = sorted(rows_of(job_forecast(jobs, states, each)), key=lambda row: row["series_key"])
    assert (one["upcoming_runs"], one["next_start_at"]) == (28, AS_OF)
    assert one["p_miss"] == one["worst_p_miss"] == pytest.approx(0.5, abs=1e-3)
    assert one["expected_misses"] == pytest.approx(28 * one["p_miss"])
    assert (one["p50_seconds"], one["sla_status"], one["start_reason"]) == (600.0, "ok", None)
    assert (two["upcoming_runs"], two["p_miss"], two["allowed_seconds"]) == (0, None, 60.0)
    assert (two["sla_status"], two["start_reason"]) == (
        "not_assessed",
        "the job's trigger is paused",
    )


def _learned(key: str, starts: list[datetime], usual: list[float]) -> pd.DataFrame:
    """The states of runs that took about as long as usual."""
    noise = np.exp(0.05 * np.random.default_rng(6).standard_normal(len(starts)))
    runs = pd.DataFrame(
        {
            "job_id": key,
            "run_id": [str(index) for index in range(len(starts))],
            "start_time": starts,
            "duration_seconds": np.array(usual) * noise,
            "status": "SUCCEEDED",
        }
    )
    return fit(runs, as_of=pd.Timestamp(AS_OF), origin="nightly").states


def test_each_run_is_forecast_for_its_own_weekday(spark: SparkSession) -> None:
    """Five minutes, and half an hour at weekends: Gold says what the model says of each start."""
    late_minutes = 45.0
    starts = _days_before(6, late_minutes, days=70)
    usual = [1800.0 if start.weekday() >= 5 else 300.0 for start in starts]
    states = _learned("w/1", starts, usual)
    limit = {"sla_kind": "limit", "sla_limit_seconds": 900.0}
    job = job_row("w/1", cron="0 0 6 * * ?", timezone="UTC", **limit)
    rows = forecasts(
        spark,
        [job],
        states.to_dict("records"),
        _runs("w/1", _days_before(6, late_minutes, days=27)),
    )["w/1"]
    at_weekends = [row["scheduled_at"].weekday() >= 5 for row in rows]
    assert sum(at_weekends) == 2
    for row, slow in zip(rows, at_weekends, strict=True):
        assert row["p50_seconds"] == pytest.approx(1800.0 if slow else 300.0, rel=0.1)
        assert row["p_miss"] > 0.9 if slow else row["p_miss"] < 0.1
        lasting = row["expected_end_at"] - row["expected_start_at"]
        assert lasting.total_seconds() == pytest.approx(row["p50_seconds"], abs=1e-5)
        late = row["expected_start_at"] - row["scheduled_at"]
        assert late == timedelta(minutes=late_minutes)
    # It is asked for when it will start, not when it is due to.
    expected = pd.to_datetime([row["expected_start_at"] for row in rows], utc=True)
    inputs = pd.DataFrame({"job_id": "w/1", "start_time": expected})
    expected_seconds = Forecaster.from_states(states).predict(inputs).quantile([0.05, 0.95])
    shown = [[row["p5_seconds"], row["p95_seconds"]] for row in rows]
    np.testing.assert_allclose(shown, expected_seconds, rtol=1e-12)
    jobs = frame_of(spark, gold.JOBS, [job])
    state = frame_of(spark, gold.DURATION_STATES, states.to_dict("records"))
    each = frame_of(spark, gold.RUN_FORECAST, rows)
    (next_run,) = rows_of(job_forecast(jobs, state, each))
    assert next_run["p50_seconds"] == rows[0]["p50_seconds"]


def test_a_run_that_only_gaps_foretell_has_no_hour(spark: SparkSession) -> None:
    """Thrice as slow at night, started at any time: the next may be either."""
    hours = np.cumsum(np.random.default_rng(2).exponential(9.0, 120))
    starts = [AS_OF - timedelta(hours=float(h)) for h in hours][::-1]
    usual = [300.0 if start.hour < 8 else 100.0 for start in starts]
    states = _learned("w/1", starts, usual)
    (row,) = forecasts(
        spark,
        [job_row("w/1", sla_kind="limit", sla_limit_seconds=200.0)],
        states.to_dict("records"),
        _runs("w/1", starts[-60:], trigger_type="ONETIME"),
    )["w/1"]
    assert row["start_basis"] == "gaps"
    assert row["p5_seconds"] < 150.0 < 250.0 < row["p95_seconds"]
    whenever = pd.DataFrame({"job_id": ["w/1"], "start_time": pd.Series([pd.NaT])})
    (median,) = Forecaster.from_states(states).predict(whenever).quantile(0.5)
    assert row["p50_seconds"] == pytest.approx(median, rel=1e-12)
    assert row["p_miss"] == pytest.approx(1 / 3, abs=0.15)
