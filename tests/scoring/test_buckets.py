"""One row a job comes back, whatever happens inside."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.scoring import buckets
from pipeline.scoring.buckets import score_by_job

_SCHEMA = "job_id string, status string, reason string, total double, last timestamp"
_JOBS = [f"w/{number}" for number in range(23)]


@pytest.fixture
def rows(spark: SparkSession) -> DataFrame:
    output = [
        (job, float(n), datetime(2026, 3, n + 1, tzinfo=UTC)) for job in _JOBS for n in range(3)
    ]
    return spark.createDataFrame(output, "job_id string, value double, at timestamp")


def _score(frame: pd.DataFrame) -> pd.DataFrame:
    output = frame.groupby("job_id").agg(total=("value", "sum"), last=("at", "max")).reset_index()
    return output.assign(status="ok", reason=None)


def _by_job(frame: DataFrame) -> dict[str, tuple[object, ...]]:
    rows = frame.collect()
    assert len(rows) == len({row["job_id"] for row in rows})
    return {row["job_id"]: (row["status"], row["reason"], row["total"]) for row in rows}


def test_every_job_is_scored_once(rows: DataFrame) -> None:
    assert _by_job(score_by_job(rows, _score, _SCHEMA)) == dict.fromkeys(_JOBS, ("ok", None, 3.0))


def test_times_are_utc_inside_and_outside(rows: DataFrame) -> None:
    def score(frame: pd.DataFrame) -> pd.DataFrame:
        if str(frame["at"].dt.tz) != "UTC":
            raise ValueError(f"times are in {frame['at'].dt.tz}")
        return _score(frame)

    output = score_by_job(rows, score, _SCHEMA)
    assert {row["status"] for row in output.collect()} == {"ok"}
    assert set(output.toArrow()["last"].to_pylist()) == {datetime(2026, 3, 3, tzinfo=UTC)}


def test_a_failing_job_fails_alone(rows: DataFrame) -> None:
    def score(frame: pd.DataFrame) -> pd.DataFrame:
        if frame["job_id"].eq("w/7").any():
            raise ZeroDivisionError("planted hunter2")
        return _score(frame)

    output = _by_job(score_by_job(rows, score, _SCHEMA))
    status, reason, total = output.pop("w/7")
    assert (status, total) == ("error", None)
    assert re.fullmatch(r"ZeroDivisionError at buckets\.py:\d+", str(reason))
    assert output == {job: ("ok", None, 3.0) for job in _JOBS if job != "w/7"}


def test_when_every_job_fails_every_job_says_so(rows: DataFrame) -> None:
    def score(frame: pd.DataFrame) -> pd.DataFrame:
        raise RuntimeError("planted")

    output = _by_job(score_by_job(rows, score, _SCHEMA))
    assert {status for status, _, _ in output.values()} == {"error"}
    assert all(str(reason).startswith("RuntimeError at ") for _, reason, _ in output.values())


def test_a_job_whose_answer_cannot_be_put_together_fails_alone(rows: DataFrame) -> None:
    def score(frame: pd.DataFrame) -> pd.DataFrame:
        output = _score(frame)
        # A row of no job, as pandas makes them where two indexes do not agree.
        return pd.concat([output, output[output["job_id"] == "w/7"].assign(job_id=float("nan"))])

    output = _by_job(score_by_job(rows, score, _SCHEMA))
    status, reason, _ = output.pop("w/7")
    assert (status, str(reason).rpartition(":")[0]) == ("error", "TypeError at buckets.py")
    assert output == {job: ("ok", None, 3.0) for job in _JOBS if job != "w/7"}


def _drops(frame: pd.DataFrame) -> pd.DataFrame:
    output = _score(frame)
    return output[output["job_id"] != "w/7"]


def _repeats(frame: pd.DataFrame) -> pd.DataFrame:
    output = _score(frame)
    return pd.concat([output, output[output["job_id"] == "w/7"]])


def _invents(frame: pd.DataFrame) -> pd.DataFrame:
    return _score(frame).replace({"job_id": {"w/7": "w/other"}})


@pytest.mark.parametrize("score", [_drops, _repeats, _invents])
def test_a_score_that_loses_a_job_stops_the_stage(
    rows: DataFrame, score: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    with pytest.raises(Exception, match="one row a job is the rule"):
        score_by_job(rows, score, _SCHEMA).collect()


def test_the_number_of_buckets_changes_nothing(
    rows: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _by_job(score_by_job(rows, _score, _SCHEMA))
    monkeypatch.setattr(buckets, "ROWS_A_BUCKET", 5)
    assert _by_job(score_by_job(rows, _score, _SCHEMA)) == expected


def test_heavy_rows_come_fewer_at_a_time(rows: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "ROWS_A_BUCKET", 1_000)

    def score(frame: pd.DataFrame) -> pd.DataFrame:
        return _score(frame).assign(total=float(len(frame)))

    usual, heavy = (
        {total for _, _, total in _by_job(score_by_job(rows, score, _SCHEMA, weight=w)).values()}
        for w in (1, 200)
    )
    assert max(usual, key=float) >= 69 / 2
    assert max(heavy, key=float) <= 69 / 3


def test_no_rows_are_no_jobs(rows: DataFrame) -> None:
    assert score_by_job(rows.where("false"), _score, _SCHEMA).collect() == []
