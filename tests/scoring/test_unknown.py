"""A bucket of whose jobs something is not known: each has an answer or a reason, and none an error."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.scoring import buckets
from pipeline.steps.kinds import Step
from tests.night.homes import Made
from tests.parity.fixture import NOW
from tests.strategies.given import given_at

_JOBS = 4
_GIVEN = given_at(NOW)
_ALWAYS = {"job_id", "run_id", "start_time", "duration_seconds", "started_us", "attempt_us"}
"""What no row of the tables asked is without."""
_SCORED = [
    step
    for step in GRAPH.steps
    if hasattr(import_module(step.run.__module__), "score_by_job")
    and "score_by_job" in step.run.__code__.co_names
]
Scored = Callable[[pd.DataFrame], pd.DataFrame]


def _asked(
    step: Step, lakehouse: DeltaFolder, monkeypatch: pytest.MonkeyPatch
) -> tuple[pd.DataFrame, list[str], Scored]:
    """What the step asks about some jobs, which columns of it may be NULL, and what scores them."""
    arguments: list[Any] = []

    def recorded(rows: DataFrame, score: Any, schema: str, **more: Any) -> DataFrame:
        arguments.extend((rows, score, schema))
        return buckets.score_by_job(rows.where("false"), score, schema, **more)

    monkeypatch.setattr(f"{step.run.__module__}.score_by_job", recorded)
    step.run(*map(lakehouse.read, step.inputs), **_GIVEN.named(step.given))
    rows, score, schema = arguments
    frame = rows.toArrow().to_pandas()
    sample = frame[frame["job_id"].isin(sorted(frame["job_id"].unique())[:_JOBS])]
    nullable = [field.name for field in rows.schema.fields if field.nullable]
    names = tuple(part.split()[0] for part in schema.split(", "))

    def scored(frame: pd.DataFrame) -> pd.DataFrame:
        return buckets._one_row_a_job(frame, score, names)

    return sample, [name for name in nullable if name not in _ALWAYS], scored


@pytest.mark.parametrize("step", _SCORED, ids=lambda step: step.name)
def test_what_is_not_known_is_no_error(
    spark: SparkSession, undisturbed: Made, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    rows, nullable, scored = _asked(step, DeltaFolder(undisturbed.home, spark), monkeypatch)

    def answers(frame: pd.DataFrame, unknown: list[str]) -> None:
        answers = scored(frame)
        errors = answers[answers["status"] == "error"]
        assert errors.empty, f"{', '.join(unknown)}: {errors['reason'].iloc[0]}"
        assert sorted(answers["job_id"]) == sorted(frame["job_id"].unique())

    assert len(rows)
    none = pd.Series([None] * len(rows), index=rows.index, dtype=object)
    missing = {
        name: none if rows[name].dtype == object else rows[name].iloc[:0].reindex(rows.index)
        for name in nullable
    }
    for unknown in ([], *([name] for name in nullable), nullable):
        answers(rows.assign(**{name: missing[name] for name in unknown}), unknown)
        # Numbers of which none is known may also come as objects.
        answers(rows.assign(**dict.fromkeys(unknown, none)), unknown)
    for _, alone in rows.groupby("job_id"):
        answers(alone, ["the others"])
