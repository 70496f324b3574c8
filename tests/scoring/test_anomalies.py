"""What a night flags in a small fleet of known runs, through the engine: which jobs, why, in which words."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from scipy import stats

from optimizer.baselines import replay
from pipeline.scoring.baselines import run_scores
from pipeline.scoring.evidence import run_anomalies
from pipeline.scoring.nights import job_nights
from pipeline.scoring.regimes import job_regimes
from pipeline.scoring.severity import severity
from pipeline.steps.given import LeftOut
from pipeline.tables import gold, ops, silver
from tests.strategies.tables import Row, frame_of, rows_of

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
"""A Tuesday at midnight: the last night's runs began on a Monday."""
DAYS = 60
FLOORS = {"alert_floor_minutes": 5.0, "alert_floor_cost": 1.0}


class Fleet:
    """Jobs that ran at six each morning for sixty days, and the tables that tell of them."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark
        self.jobs: list[Row] = []
        self.attempts: list[Row] = []
        self.runs: list[Row] = []
        self.costs: list[Row] = []
        self.decisions: list[Row] = []

    def job(
        self,
        key: str,
        *,
        seconds: dict[int, float] | None = None,
        price: dict[int, float] | None = None,
        without: int = -1,
        **job: Any,
    ) -> None:
        """A job of ten minutes a run, but for `seconds` by how many days ago, each for a thousandth but for
        `price`; `without` never came."""
        series = f"w/{key}"
        self.jobs.append(
            {
                "workspace_id": "w",
                "series_key": series,
                "state": "active",
                "is_continuous": False,
                "cron": "0 0 6 * * ?",
                "timezone": "UTC",
            }
            | job
        )
        noise = np.random.default_rng(len(self.jobs)).standard_normal(DAYS + 1)
        for ago in range(1, DAYS + 1):
            if ago == without:
                continue
            took = (seconds or {}).get(ago, 600.0 * float(np.exp(0.1 * noise[ago])))
            each = (price or {}).get(ago, 1.0)
            start = AS_OF - timedelta(days=ago) + timedelta(hours=6)
            run: Row = {
                "workspace_id": "w",
                "run_id": f"{key}-{ago}",
                "series_key": series,
                "run_date": start.date(),
                "started_at": start,
                "ended_at": start + timedelta(seconds=took),
                "never_started": False,
                "status": "SUCCEEDED",
                "trigger_type": "CRON",
            }
            self.runs.append(run | {"attempts": 1})
            self.attempts.append(
                run | {"attempt": 0, "duration_seconds": took, "seen_until": run["ended_at"]}
            )
            self.costs.append(
                {
                    "workspace_id": "w",
                    "run_id": run["run_id"],
                    "cost_date": start.date(),
                    "list_cost": Decimal(round(took * 1000 * each)) / 10**6,
                    "usage_quantity": Decimal(round(took * 2000 * each)) / 10**6,
                }
            )

    def decide(self, run: str, mark: str) -> None:
        self.decisions.append(
            {"kind": "run_mark", "subject": f"w/{run}", "decided_at": AS_OF, "terms": mark}
        )

    def scores(self, left_out: tuple[LeftOut, ...] = ()) -> DataFrame:
        return run_scores(
            self._frame(gold.JOBS, self.jobs),
            self._frame(silver.ATTEMPTS, self.attempts),
            self._frame(silver.ATTEMPT_INPUTS, []),
            self._frame(silver.TASK_RUNS, []),
            self._frame(silver.RUN_COSTS, self.costs),
            self._frame(ops.DECISIONS, self.decisions),
            self._frame(gold.FLEET_PRIORS, []),
            as_of=AS_OF,
            last_cost_day=date(2026, 11, 23),
            holidays=(),
            left_out=left_out,
        )

    def nights(self, scores: DataFrame) -> DataFrame:
        return job_nights(
            self._frame(gold.JOBS, self.jobs),
            self._frame(silver.ATTEMPTS, self.attempts),
            self._frame(silver.RUNS, self.runs),
            self._frame(silver.TASK_RUNS, []),
            scores,
            self._frame(ops.DECISIONS, self.decisions),
            as_of=AS_OF,
            last_cost_day=date(2026, 11, 23),
        )

    def flags(self, scores: DataFrame, nights: DataFrame) -> list[Row]:
        rows = run_anomalies(
            self._frame(gold.JOBS, self.jobs),
            scores,
            nights,
            as_of=AS_OF,
            last_cost_day=date(2026, 11, 23),
            **FLOORS,
        )
        return [row for row in rows_of(rows) if row["night_at"] == AS_OF]

    def _frame(self, table: Any, rows: list[Row]) -> DataFrame:
        return frame_of(self.spark, table, rows)


def _stored(spark: SparkSession, table: Any, rows: DataFrame) -> DataFrame:
    """Rows computed once, as a night's next step finds them."""
    return frame_of(spark, table, rows_of(rows))


@pytest.fixture(scope="module")
def fleet(spark: SparkSession) -> Fleet:
    fleet = Fleet(spark)
    for number in range(6):
        fleet.job(f"usual{number}")
    fleet.job("slow", seconds={1: 1860.0})
    fleet.job("short", seconds={1: 2.0})
    fleet.job(
        "little", seconds={ago: (3.0 if ago == 1 else 1.0 + 0.01 * ago) for ago in range(1, 61)}
    )
    fleet.job("absent", without=1)
    fleet.job("dear", price={1: 3.0})
    fleet.job("marked", seconds={1: 1860.0})
    fleet.decide("marked-1", "expected")
    return fleet


@pytest.fixture(scope="module")
def scores(spark: SparkSession, fleet: Fleet) -> DataFrame:
    return _stored(spark, gold.RUN_SCORES, fleet.scores())


@pytest.fixture(scope="module")
def nights(spark: SparkSession, fleet: Fleet, scores: DataFrame) -> DataFrame:
    return _stored(spark, gold.JOB_NIGHTS, fleet.nights(scores))


def test_a_night_flags_the_slow_the_short_and_the_absent(nights: DataFrame) -> None:
    last = {row["series_key"]: row for row in rows_of(nights) if row["night_at"] == AS_OF}
    flagged = {key for key, row in last.items() if row["is_flagged"]}
    assert flagged == {"w/slow", "w/short", "w/little", "w/absent", "w/dear"}
    assert last["w/absent"]["missing_runs"] == last["w/absent"]["expected_runs"] == 1
    assert last["w/usual0"]["missing_runs"] == 0
    assert last["w/usual0"]["expected_runs"] == last["w/usual0"]["runs"] == 1
    # Slow, dear by cost and by DBU, and three counts, of which no second attempt.
    assert last["w/slow"]["tests"] == 6
    for row in last.values():
        assert 0.0 < row["expected_false_flags"] < 0.5
    p = [row["p_value"] for row in last.values()]
    q = [row["q_value"] for row in last.values()]
    assert q == pytest.approx(stats.false_discovery_control(p))


def test_flags_say_why_in_words_and_which_are_worth_an_alert(
    fleet: Fleet, scores: DataFrame, nights: DataFrame
) -> None:
    rows = fleet.flags(scores, nights)
    by_job = {
        row["series_key"]: row for row in sorted(rows, key=lambda r: r["metric"], reverse=True)
    }
    slow = [row for row in rows if row["series_key"] == "w/slow"]
    # That a slow run costs more is no news of its own.
    assert {row["metric"] for row in slow} == {"duration_seconds"}
    [duration] = [row for row in slow if row["metric"] == "duration_seconds"]
    assert (duration["direction"], duration["is_alertable"]) == ("slow", True)
    assert duration["severity"].startswith("3.")
    assert " on a Monday; " in duration["severity"]
    assert duration["usual_low"] < duration["center"] < duration["usual_high"] < 1860.0
    assert duration["ratio"] == pytest.approx(1860.0 / duration["center"])
    short = [row for row in rows if row["series_key"] == "w/short"]
    assert [(row["metric"], row["direction"]) for row in short] == [("duration_seconds", "short")]
    # Two seconds are listed, not alerted; nor are two tenths of a cent.
    little = [row for row in rows if row["series_key"] == "w/little"]
    assert little
    assert not any(row["is_alertable"] for row in little)
    dear = [row for row in rows if row["series_key"] == "w/dear"]
    assert {row["metric"] for row in dear} == {"list_cost", "dbu"}
    assert {row["direction"] for row in dear} == {"dear"}
    assert all(row["ratio"] == pytest.approx(3.0, rel=0.1) for row in dear)
    absent = by_job["w/absent"]
    assert absent["severity"].startswith("1 of 1 expected runs did not come; once in ")
    assert (absent["confidence"], absent["run_id"]) == ("low", "")


def test_what_is_left_out_and_what_is_an_incident_teach_nothing(spark: SparkSession) -> None:
    fleet = Fleet(spark)
    backfill = dict.fromkeys(range(5, 25), 3000.0)
    fleet.job("backfilled", seconds=backfill)
    fleet.job("incident", seconds=backfill)
    for ago in backfill:
        fleet.decide(f"incident-{ago}", "incident")
    window = LeftOut(date(2026, 10, 31), date(2026, 11, 19), ("w/backfilled",))
    rows = rows_of(fleet.scores((window,)))
    last = {
        row["series_key"]: row for row in rows if row["started_at"].date() == date(2026, 11, 23)
    }
    assert {
        key: 500 < row["center"] < 700 or row["metric"] != "duration_seconds"
        for key, row in last.items()
    } == {
        "w/backfilled": True,
        "w/incident": True,
    }
    assert not any(row["is_shift"] for row in rows)
    # Neither tested nor learned; an incident is tested.
    judged = {(row["series_key"], row["run_id"]) for row in rows}
    assert ("w/backfilled", "backfilled-6") not in judged
    assert ("w/incident", "incident-6") in judged


def test_a_continuous_job_is_judged_by_restarts_time_up_and_cost_an_hour(
    spark: SparkSession,
) -> None:
    fleet = Fleet(spark)
    for number in range(4):
        fleet.job(f"usual{number}")
    fleet.jobs.append(
        {"workspace_id": "w", "series_key": "w/endless", "state": "active", "is_continuous": True}
    )
    # A run a day, up all day; but for the last night, in which it began nine times and was up for ten hours.
    starts = [(AS_OF - timedelta(days=ago, hours=-1), 24.0) for ago in range(40, 1, -1)]
    starts += [(AS_OF - timedelta(hours=22 - 2 * number), 1.0) for number in range(9)]
    for number, (start, hours) in enumerate(starts):
        run: Row = {
            "workspace_id": "w",
            "run_id": f"endless-{number}",
            "series_key": "w/endless",
            "run_date": start.date(),
            "started_at": start,
            "ended_at": start + timedelta(hours=hours),
            "seen_until": start + timedelta(hours=hours),
            "duration_seconds": 3600.0 * hours,
            "status": "SUCCEEDED",
        }
        fleet.attempts.append(run)
        cost = {"cost_date": start.date(), "list_cost": Decimal(round(1e6 * hours)) / 10**6}
        fleet.costs.append({"workspace_id": "w", "run_id": run["run_id"]} | cost)
    scores = _stored(spark, gold.RUN_SCORES, fleet.scores())
    metrics = {row["metric"] for row in rows_of(scores) if row["series_key"] == "w/endless"}
    assert metrics == {"hourly_list_cost"}
    nights = _stored(spark, gold.JOB_NIGHTS, fleet.nights(scores))
    by_night = {row["night_at"]: row for row in rows_of(nights) if row["series_key"] == "w/endless"}
    last, before = by_night[AS_OF], by_night[AS_OF - timedelta(days=1)]
    assert (before["restarts"], before["uptime_share"]) == (1, 1.0)
    assert (last["restarts"], last["uptime_share"]) == (9, pytest.approx(10 / 24))
    assert last["p_restarts"] < 0.001 < before["p_restarts"]
    assert last["p_uptime_share"] == pytest.approx(1 / 39, rel=0.05)
    assert last["is_flagged"]
    flags = [row for row in fleet.flags(scores, nights) if row["series_key"] == "w/endless"]
    assert "restarted 9 times" in " ".join(row["severity"] for row in flags)


def test_a_level_that_has_changed_is_two_regimes(spark: SparkSession) -> None:
    fleet = Fleet(spark)
    fleet.job("grown", seconds={ago: 1200.0 + 7 * (ago % 5) for ago in range(1, 21)})
    # Its cost and DBU, which follow, are no changes of their own.
    first, second = _regimes(spark, fleet)
    assert {row["metric"] for row in (first, second)} == {"duration_seconds"}
    assert (first["ratio"], first["from_at"]) == (None, None)
    assert first["to_at"] == second["from_at"]
    assert (second["first_run_id"], second["direction"]) == ("grown-20", "up")
    assert second["level"] == pytest.approx(first["level"] * second["ratio"], rel=0.3)
    # A second costs a thousandth.
    change = (second["level"] - first["level"]) / 1000
    assert second["list_cost_change"] == pytest.approx(change, rel=0.05)


def _regimes(spark: SparkSession, fleet: Fleet) -> list[Row]:
    rows = rows_of(job_regimes(_stored(spark, gold.RUN_SCORES, fleet.scores())))
    return sorted(rows, key=lambda row: (row["series_key"], row["metric"], row["regime"]))


def test_another_size_is_a_change_of_dbu_alone(spark: SparkSession) -> None:
    fleet = Fleet(spark)
    fleet.job("resized", price=dict.fromkeys(range(1, 21), 2.0))
    first, second = _regimes(spark, fleet)
    assert {row["metric"] for row in (first, second)} == {"dbu"}
    # 0.002 a second are 7.2 an hour.
    assert first["level"] == pytest.approx(7.2, rel=0.05)
    assert second["ratio"] == pytest.approx(2.0, rel=0.1)
    assert second["list_cost_change"] is None


def test_neither_an_episode_nor_a_small_change_is_another_level(spark: SparkSession) -> None:
    fleet = Fleet(spark)
    fleet.job("episode", seconds={ago: 1200.0 + ago for ago in range(22, 29)})
    fleet.job(
        "little",
        seconds={ago: (690.0 if ago < 25 else 600.0) + ago % 5 for ago in range(1, DAYS + 1)},
    )
    scores = rows_of(fleet.scores())
    assert {row["series_key"] for row in scores if row["is_shift"]} == {"w/episode", "w/little"}
    assert _regimes(spark, fleet) == []


def test_a_job_that_cannot_be_scored_has_one_row_that_says_so(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(spark)
    fleet.job("usual")
    fleet.job("odd")

    def fails_on_odd(runs: Any, **settings: Any) -> Any:
        if "w/odd" in set(runs["job"]):
            raise ZeroDivisionError("division by zero")
        return replay(runs, **settings)

    monkeypatch.setattr("pipeline.scoring.baselines.replay", fails_on_odd)
    scores = _stored(spark, gold.RUN_SCORES, fleet.scores())
    [odd] = [row for row in rows_of(scores) if row["series_key"] == "w/odd"]
    assert (odd["status"], odd["run_id"], odd["value"]) == ("error", "", None)
    assert odd["reason"].startswith("ZeroDivisionError")
    usual = [row for row in rows_of(scores) if row["series_key"] == "w/usual"]
    assert usual
    assert {row["status"] for row in usual} == {"ok"}
    # What does not need its durations is told of it all the same.
    nights = rows_of(fleet.nights(scores))
    last = {row["series_key"] for row in nights if row["night_at"] == AS_OF}
    assert last == {"w/odd", "w/usual"}


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (("duration_seconds", 2232.0, 720.0, "Monday", 1 / 900), "3.1x its usual 12m00s on a Monday; once in 900 runs"),
        (("duration_seconds", 2.0, 2400.0, "Friday", 1e-9), "0.00083x its usual 40m00s on a Friday; less than once in 100,000 runs"),
        (("list_cost", 25.0, 10.0, "Friday", 0.00123), "2.5x its usual 10.00 of list cost for as long a run on a Friday; once in 810 runs"),
        (("queue_seconds", 700.0, 0.0, "Friday", 0.001), "11m40s in the queue, where none is usual on a Friday; once in 1,000 runs"),
        (("failures", 3.0, 4.0, None, 0.0004), "3 of 4 runs failed; once in 2,500 nights"),
        (("uptime_share", 0.25, None, None, 0.02), "up for 25% of the day; once in 50 nights"),
    ],
)  # fmt: skip
def test_figures_in_words(figures: tuple[Any, ...], words: str) -> None:
    assert severity(*figures) == words
