"""Jobs and the forecasts of their runs, as tests of what starts when write and read them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession

from pipeline.scoring.upcoming import run_forecast
from pipeline.tables import gold, silver
from tests.strategies.tables import Row, frame_of, rows_of

AS_OF = datetime(2026, 10, 23, tzinfo=UTC)
"""A Friday; in Berlin the clocks go back on Sunday at 01:00 UTC."""


def job_row(key: str, **columns: Any) -> Row:
    default: Row = {
        "workspace_id": "w",
        "series_key": key,
        "state": "active",
        "is_continuous": False,
    }
    return default | columns


def forecasts(
    spark: SparkSession,
    jobs: list[Row],
    states: list[Row],
    runs: list[Row],
    task_runs: Sequence[Row] = (),
) -> dict[str, list[Row]]:
    """The runs that are expected after AS_OF, of each job in their order."""
    output = run_forecast(
        frame_of(spark, gold.JOBS, jobs),
        frame_of(spark, gold.DURATION_STATES, states),
        frame_of(spark, silver.RUNS, runs),
        frame_of(spark, silver.TASK_RUNS, list(task_runs)),
        as_of=AS_OF,
    )
    by_key: dict[str, list[Row]] = {}
    for row in sorted(rows_of(output), key=lambda row: (row["series_key"], row["run_number"])):
        by_key.setdefault(row["series_key"], []).append(row)
    return by_key
