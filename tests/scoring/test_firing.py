"""Jobs that others start: which, when, and what of a miss the other one is to blame for."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from optimizer.quantile import LOGIT_LEVELS
from tests.scoring.upcoming import AS_OF, forecasts, job_row
from tests.strategies.tables import Row

DAYS = 28
MINUTE = 60.0
LENGTH_SECONDS, SPREAD = 20 * MINUTE, 0.05
PLAN = {"cron": "0 0 1 * * ?", "timezone": "UTC"}
DEADLINE = {"sla_kind": "deadline", "sla_time_of_day": "02:15", "sla_timezone": "UTC"}


def _state(key: str) -> Row:
    return {
        "job_id": key,
        "status": "ok",
        "runs": 28,
        "effective_runs": 20.0,
        "failure_rate": 0.0,
        "quantile_seconds": (LENGTH_SECONDS * np.exp(SPREAD * LOGIT_LEVELS)).tolist(),
    }


def _run(key: str, number: int, start: datetime, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "series_key": key,
        "run_id": f"{key}-{number}",
        "run_date": start.date(),
        "started_at": start,
        "attempts": 1,
        "status": "SUCCEEDED",
        "never_started": False,
    } | columns


def _nights(hours: float = 1.0) -> list[datetime]:
    return [AS_OF - timedelta(days=ago) + timedelta(hours=hours) for ago in range(DAYS, 0, -1)]


def _pair(first: str, second: str, until: np.ndarray, wait: float = 5.0) -> tuple[list[Row], ...]:
    """Nightly runs of `first`, whose task fires `second` after `until` seconds (28,)."""
    runs, tasks = [], []
    for number, (start, seconds) in enumerate(zip(_nights(), until.tolist(), strict=True)):
        fires = start + timedelta(seconds=seconds)
        runs.append(_run(first, number, start, trigger_type="CRON"))
        tasks.append(
            {
                "workspace_id": "w",
                "task_run_id": f"t-{second}-{number}",
                "task_run_date": fires.date(),
                "run_id": f"{first}-{number}",
                "started_at": fires,
            }
        )
        own = fires + timedelta(seconds=wait)
        runs.append(_run(second, number, own, source_task_run_id=f"t-{second}-{number}"))
    return runs, tasks


def _forecast(
    spark: SparkSession, jobs: list[Row], runs: list[Row], tasks: list[Row]
) -> dict[str, list[Row]]:
    states = [_state(job["series_key"]) for job in jobs]
    return forecasts(spark, jobs, states, runs, tasks)


def _true_p_miss(until_seconds: np.ndarray, wait: float, left: float) -> float:
    """By the law that the runs were drawn from: a million nights."""
    rng = np.random.default_rng(1)
    until = rng.choice(until_seconds, 1_000_000)
    length = LENGTH_SECONDS * np.exp(SPREAD * rng.logistic(size=until.size))
    return float(np.mean(until + wait + length > left))


def test_a_slow_upstream_is_to_blame(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    punctual = rng.lognormal(np.log(20 * MINUTE), 0.05, DAYS)
    slow = rng.lognormal(np.log(50 * MINUTE), 0.3, DAYS)
    shifted = punctual.copy()
    shifted[-8:] += 60 * MINUTE
    law = {"punctual": punctual, "slow": slow, "shifted": shifted}
    runs, tasks, jobs = [], [], []
    for name, until in law.items():
        output = _pair(f"w/{name}", f"w/{name}-after", until)
        runs += output[0]
        tasks += output[1]
        jobs += [job_row(f"w/{name}", **PLAN, **DEADLINE), job_row(f"w/{name}-after", **DEADLINE)]
    by_key = _forecast(spark, jobs, runs, tasks)
    for name, until in law.items():
        first, rows = by_key[f"w/{name}"], by_key[f"w/{name}-after"]
        assert first[0]["upstream_series_key"] is None
        assert first[0]["p_miss_upstream"] == 0.0
        assert {row["upstream_series_key"] for row in rows} == {f"w/{name}"}
        assert (len(rows), {row["start_basis"] for row in rows}) == (7, {"cron"})
        parts = [rows[0][f"p_miss_{p}"] for p in ("upstream", "start", "duration", "failure")]
        assert sum(parts) == pytest.approx(rows[0]["p_miss"])
        middle = AS_OF + timedelta(hours=1, seconds=float(np.median(until)))
        if name != "shifted":
            assert abs((rows[0]["expected_start_at"] - middle).total_seconds()) < 6 * MINUTE
    truth = _true_p_miss(slow, 5.0, 75 * MINUTE)
    late = by_key["w/slow-after"][0]
    assert truth > 0.25
    assert late["p_miss"] == pytest.approx(truth, abs=0.12)
    assert late["p_miss_upstream"] > 0.8 * late["p_miss"]
    assert by_key["w/punctual-after"][0]["p_miss"] < 0.02
    # An hour later for the last 8 of 28 nights: far likelier than 8 of 28.
    assert by_key["w/shifted-after"][0]["p_miss_upstream"] > 0.7


def test_who_starts_a_job_must_nearly_always_do_so(spark: SparkSession) -> None:
    until = np.full(DAYS, 30 * MINUTE)
    runs, tasks = _pair("w/1", "w/2", until)
    others = [_run("w/2", 100 + n, start) for n, start in enumerate(_nights(13.0)[:14])]
    jobs = [job_row("w/1", **PLAN), job_row("w/2", **DEADLINE)]
    assert _forecast(spark, jobs, runs, tasks)["w/2"][0]["upstream_series_key"] == "w/1"
    mixed = _forecast(spark, jobs, runs + others, tasks)["w/2"]
    assert mixed[0]["upstream_series_key"] is None
    assert mixed[0]["p_miss_upstream"] in (0.0, None)
    few = [row for row in runs if int(row["run_id"].rsplit("-", 1)[1]) >= DAYS - 4]
    assert _forecast(spark, jobs, few, tasks)["w/2"][0]["upstream_series_key"] is None


def test_a_job_rests_with_the_one_that_starts_it(spark: SparkSession) -> None:
    runs, tasks = _pair("w/1", "w/2", np.full(DAYS, 30 * MINUTE))
    rows = _forecast(
        spark,
        [job_row("w/1", **PLAN | {"state": "paused"}), job_row("w/2", **DEADLINE)],
        runs,
        tasks,
    )["w/2"]
    assert [row["run_number"] for row in rows] == [0]
    assert rows[0]["reason"] == "w/1 starts it: the job's trigger is paused"
    gone = _forecast(
        spark, [job_row("w/1", **PLAN), job_row("w/2", state="deleted", **DEADLINE)], runs, tasks
    )["w/2"]
    assert gone[0]["reason"].endswith("the job is deleted")


def test_a_run_that_its_upstream_has_begun_already_is_still_to_come(spark: SparkSession) -> None:
    """The other started at 01:00 yesterday and fires a day and five minutes later."""
    until = np.full(DAYS, 23 * 3600 + 5 * MINUTE)
    runs, tasks = _pair("w/1", "w/2", until)
    # The last of them has not been fired yet.
    runs = [row for row in runs if row["run_id"] != f"w/2-{DAYS - 1}"]
    rows = _forecast(spark, [job_row("w/1", **PLAN), job_row("w/2", **DEADLINE)], runs, tasks)[
        "w/2"
    ]
    assert rows[0]["scheduled_at"] == AS_OF + timedelta(minutes=5)
    assert rows[0]["horizon_days"] == 0


def test_without_a_schedule_anywhere_the_gaps_speak(spark: SparkSession) -> None:
    starts = [AS_OF - timedelta(hours=hours) for hours in (300, 290, 190, 100, 48, 40, 5)]
    runs, tasks = [], []
    for number, start in enumerate(starts):
        fires = start + timedelta(minutes=10 + number)
        runs.append(_run("w/1", number, start))
        runs.append(_run("w/2", number, fires, source_task_run_id=f"t{number}"))
        tasks.append(
            {
                "workspace_id": "w",
                "task_run_id": f"t{number}",
                "task_run_date": fires.date(),
                "run_id": f"w/1-{number}",
                "started_at": fires,
            }
        )
    by_key = _forecast(spark, [job_row("w/1"), job_row("w/2", **DEADLINE)], runs, tasks)
    assert by_key["w/2"][0]["start_basis"] == by_key["w/1"][0]["start_basis"] == "gaps"
    between = by_key["w/2"][0]["scheduled_at"] - by_key["w/1"][0]["scheduled_at"]
    assert timedelta(minutes=9) < between < timedelta(minutes=18)
    assert 0.0 <= by_key["w/2"][0]["p_miss"] <= 1.0
