"""What is said of each job in a word, and since when: over nights, killed ones among them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.gold.verdicts import STEPS, job_verdicts
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import StepReport, run_step
from pipeline.tables import gold, ops
from pipeline.tables.declaration import Table
from tests.strategies.given import given_at
from tests.strategies.tables import Row, at, frame_of, rows_of

(_STEP,) = STEPS
_QUESTIONS = ("failing", "likely_to_miss", "unlike_itself", "size")


def _job(job: str, **columns: Any) -> Row:
    return {"workspace_id": "w", "series_key": f"w/{job}"} | columns


def _words(spark: SparkSession, rows: Mapping[Table, list[Row]]) -> dict[str, tuple[str, ...]]:
    """Each job's verdicts, in the order of the questions."""
    inputs = [frame_of(spark, table, rows.get(table, [])) for table in _STEP.inputs]
    verdicts = rows_of(job_verdicts(*inputs, as_of=at(0)))
    by_key = {(row["series_key"], row["question"]): row["verdict"] for row in verdicts}
    assert len(by_key) == len(verdicts) == 4 * len(rows[gold.JOBS])
    return {
        job["series_key"]: tuple(by_key[job["series_key"], question] for question in _QUESTIONS)
        for job in rows[gold.JOBS]
    }


def test_each_question_has_a_word_for_each_job(spark: SparkSession) -> None:
    words = _words(
        spark,
        {
            gold.JOBS: [_job(job) for job in "1234"],
            gold.JOB_HEALTH: [
                _job("1", last_status="FAILED", is_failing=True),
                _job("2", last_status="SUCCEEDED", is_failing=False),
                _job("3", last_status=None, is_failing=False, in_flight=1),
            ],
            gold.JOB_FORECAST: [
                _job("1", sla_status="ok", p_miss=gold.LIKELY_TO_MISS),
                _job("2", sla_status="ok", p_miss=0.49),
                _job("3", sla_status="no_sla"),
                _job("4", sla_status="not_assessed"),
            ],
            # The last night in which it was tested counts, however long ago.
            gold.JOB_NIGHTS: [
                _job("1", night_at=at(0), is_flagged=True),
                _job("1", night_at=at(-1), is_flagged=False),
                _job("2", night_at=at(-2), is_flagged=True),
                _job("2", night_at=at(-1), is_flagged=False),
            ],
            gold.RIGHTSIZING: [
                _job("1", action="downsize"),
                _job("2", action="upsize"),
                _job("3", action="keep"),
                _job("4", action=None),
            ],
        },
    )
    assert words == {
        "w/1": ("failing", "likely", "unlike", "downsize"),
        "w/2": ("ok", "unlikely", "like", "upsize"),
        "w/3": ("unknown", "no_sla", "unknown", "keep"),
        "w/4": ("unknown", "unknown", "unknown", "not_assessed"),
    }
    assert set().union(*words.values()) == set(gold.JOB_VERDICTS.column("verdict").one_of)


class _Nights:
    """The step by itself, over jobs of which only health is known."""

    def __init__(self, spark: SparkSession, home: Path) -> None:
        self._spark = spark
        self.lakehouse = DeltaFolder(home, spark)
        for table in (*_STEP.inputs, ops.POSITIONS):
            self.lakehouse.create(table)

    def health(self, **is_failing: bool) -> None:
        rows = [
            _job(job, last_status="any", is_failing=failing) for job, failing in is_failing.items()
        ]
        jobs = [_job(job) for job in is_failing]
        for table, of_table in ((gold.JOB_HEALTH, rows), (gold.JOBS, jobs)):
            self.lakehouse.replace(table, frame_of(self._spark, table, of_table))

    def night(self, day: int, *, killed: bool = False) -> StepReport:
        """A night that speaks of that day; a killed one ends before its positions are written."""
        positions = Positions(self._spark, self.lakehouse)
        previous = {table: self.lakehouse.version(table) for table in _STEP.reads_previous}
        report = run_step(self.lakehouse, positions, _STEP, given_at(at(day)), previous)
        if not killed:
            positions.flush()
        return report

    @property
    def failing(self) -> dict[str, tuple[str, str | None, int]]:
        """Of each job the verdict, the one before it, and since which day."""
        rows = rows_of(self.lakehouse.read(gold.JOB_VERDICTS).where("question = 'failing'"))
        return {
            row["series_key"][2:]: (
                row["verdict"],
                row["previous_verdict"],
                (row["since_at"] - at(0)).days,
            )
            for row in rows
        }


@pytest.mark.parametrize("killed", [False, True])
def test_a_verdict_has_its_time_and_the_one_before_it(
    spark: SparkSession, tmp_path: Path, killed: bool
) -> None:
    nights = _Nights(spark, tmp_path / "home")
    nights.health(a=False, b=True, gone=True)
    nights.night(0)
    assert nights.failing == {"a": ("ok", None, 0), "b": ("failing", None, 0)} | {
        "gone": ("failing", None, 0)
    }
    nights.health(a=True, b=True, new=False)
    changed = {"a": ("failing", "ok", 1), "b": ("failing", None, 0), "new": ("ok", None, 1)}
    if killed:
        nights.night(1, killed=True)
        assert nights.failing == changed
    report = nights.night(1)
    assert nights.failing == changed
    assert (report.written == 0) == killed
    assert nights.night(1).mode == "current"
    assert nights.night(2).written == 0
    nights.health(a=False, b=True, new=False)
    nights.night(3)
    assert nights.failing["a"] == ("ok", "failing", 3)


def test_the_version_before_the_night_is_what_is_read(spark: SparkSession, tmp_path: Path) -> None:
    nights = _Nights(spark, tmp_path / "home")
    nights.health(a=False)
    first, second = nights.night(0), nights.night(1)
    assert first.versions_read[gold.JOB_VERDICTS.full_name] == 0
    assert second.versions_read[gold.JOB_VERDICTS.full_name] == first.version
