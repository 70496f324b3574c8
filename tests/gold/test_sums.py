"""Sums and means are the same to the last bit in whatever order their rows come."""

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.gold.runs import job_daily, job_weekly
from pipeline.gold.trends import job_trends
from pipeline.scoring.sizing import rightsizing
from pipeline.scoring.upcoming import job_forecast
from pipeline.tables import gold, silver
from pipeline.tables.declaration import Table
from tests.strategies.tables import Row, at, frame_of, on, one

_PARTS = (0.1, 0.2, 0.3)
"""0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1."""
_JOB: Row = {"workspace_id": "w", "series_key": "w/7"}


def _summed(spark: SparkSession, parts: list[float]) -> dict[str, float]:
    """Each sum and mean over `parts`, a row each."""

    def frame(table: Table, rows: list[Row]) -> DataFrame:
        return frame_of(spark, table, rows)

    def of_each(table: Table, row: Callable[[int, float], Row]) -> DataFrame:
        # A part keeps its row's key wherever it stands.
        return frame(table, [row(_PARTS.index(part), part) for part in parts])

    runs = of_each(
        silver.RUNS,
        lambda n, part: _JOB | {"run_id": str(n), "run_date": on(0), "busy_seconds": part},
    )
    days = of_each(
        gold.JOB_DAILY, lambda n, part: _JOB | {"run_date": on(n), "median_seconds": part}
    )
    expected = of_each(
        gold.RUN_FORECAST,
        lambda n, part: _JOB | {"run_number": n + 1, "p_miss": part, "status": "ok"},
    )
    jobs = frame(gold.JOBS, [_JOB | {"job_id": "7", "state": "active"}])
    states = frame(gold.DURATION_STATES, [])
    use = {"workspace_id": "w", "job_id": "7", "cluster_id": "c", "used_date": on(0)}
    bins = [{"bin_pct": 5, "minutes": 1}]
    forecast = job_forecast(jobs, states, expected)
    sizes = rightsizing(
        jobs,
        of_each(
            silver.RUN_UTILISATION,
            lambda n, part: (
                use
                | {"run_id": str(n), "role": "worker", "node_minutes": 1, "io_wait_mean_pct": part}
                | {"cpu_histogram": bins, "mem_histogram": bins}
            ),
        ),
        of_each(
            silver.RUN_CLUSTERS,
            lambda n, _: use | {"run_id": str(n), "used_from": at(0), "used_until": at(0, 1)},
        ),
        frame(silver.TASK_RUNS, []),
        frame(
            silver.CLUSTERS,
            [
                {
                    "workspace_id": "w",
                    "cluster_id": "c",
                    "cluster_source": "JOB",
                    "sizes": [{"valid_from": at(0), "workers": 2, "worker_node_type": "m"}],
                }
            ],
        ),
        frame(silver.USAGE_COSTS, []),
        states,
        frame(gold.JOB_FORECAST, []),
        as_of=at(1),
        currency_code="USD",
    )
    trends = job_trends(
        days, frame(gold.COST_DAILY, []), as_of=at(9), last_cost_day=on(8), currency_code="USD"
    )
    return {
        "a day": one(job_daily(runs))["busy_seconds"],
        "a week": one(job_weekly(runs))["busy_seconds"],
        "a trend": 3 * one(trends.where("window_days = 30"))["mean_daily_median_seconds"],
        "misses": one(forecast)["expected_misses"],
        "waits": 3 * one(sizes)["io_wait_mean_pct"],
    }


def test_the_order_of_rows_leaves_no_digit(spark: SparkSession) -> None:
    assert sum(_PARTS) != sum(_PARTS[::-1])
    sums = _summed(spark, [*_PARTS])
    assert sums == pytest.approx(dict.fromkeys(sums, 0.6))
    assert _summed(spark, [*_PARTS[::-1]]) == sums
