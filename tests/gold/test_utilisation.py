"""Node-hours: measured, of GPU nodes, and those that left no minutes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.gold.utilisation import utilisation_daily
from pipeline.silver.compute import run_cluster_days
from pipeline.tables import bronze, silver
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_KEY: Row = {"workspace_id": "w", "job_id": "7", "run_id": "1"}
_USE: Row = _KEY | {"cluster_id": "c"}
_DAY = _USE | {"used_date": on(0), "used_seconds": 7200.0}
_CLUSTER: Row = {
    "workspace_id": "w",
    "cluster_id": "c",
    "cluster_date": on(0),
    "cluster_source": "JOB",
    "driver_node_type": "d",
    "worker_node_type": "n",
    "workers": 3,
}
_RUN = _KEY | {"series_key": "w/nightly", "run_date": on(0), "ended_at": at(0, 9)}


def _bins(**minutes: int) -> list[Row]:
    return [{"bin_pct": int(name[1:]), "minutes": count} for name, count in minutes.items()]


def _seen(role: str, minutes: int, cpu: list[Row], memory: list[Row], node: str = "n") -> Row:
    summary = {"role": role, "node_minutes": minutes, "node_type": node, "mem_max_pct": 80.0}
    return _USE | {"used_date": on(0), "cpu_histogram": cpu, "mem_histogram": memory} | summary


def _hours(
    spark: SparkSession,
    seen: list[Row],
    *,
    cluster: Row = _CLUSTER,
    day: Row = _DAY,
    gpus: int = 0,
) -> dict[str, Row]:
    made = utilisation_daily(
        frame_of(spark, silver.RUN_CLUSTER_DAYS, [day]),
        frame_of(spark, silver.RUN_UTILISATION, seen),
        frame_of(spark, silver.CLUSTERS, [cluster]),
        frame_of(spark, silver.RUNS, [_RUN]),
        frame_of(
            spark,
            bronze.NODE_TYPES,
            [{"node_type": "n", "core_count": 8.0, "memory_mb": 1024, "gpu_count": gpus}],
        ),
    )
    return {row["role"]: row for row in rows_of(made)}


def test_what_minutes_say_and_what_left_none(spark: SparkSession) -> None:
    # Of 60 minutes 30 are idle (2 %, in the middle of its bin 2.5) and 30 at 50.5 %: 0.265 of an hour.
    seen = [_seen("worker", 60, _bins(b2=30, b50=30), _bins(b40=60))]
    rows = _hours(spark, seen)
    worker, driver = rows["worker"], rows["driver"]
    assert (worker["node_hours"], worker["measured_node_hours"]) == (1.0, 1.0)
    assert (worker["idle_node_hours"], worker["cpu_node_hours"]) == (0.5, 0.265)
    assert (worker["memory_node_hours"], worker["memory_max_pct"]) == (0.405, 80.0)
    assert (worker["core_count"], worker["series_key"]) == (8.0, "w/nightly")
    assert (driver["node_hours"], driver["unseen_node_hours"], driver["node_type"]) == (
        2.0,
        2.0,
        "d",
    )
    assert (driver["measured_node_hours"], driver["memory_max_pct"]) == (0.0, None)


def test_minutes_that_lack_a_number_are_as_the_others(spark: SparkSession) -> None:
    worker = _hours(spark, [_seen("worker", 60, _bins(b50=20), [])])["worker"]
    assert (worker["cpu_node_hours"], worker["memory_node_hours"]) == (0.505, 0.0)


def test_a_gpu_node_is_not_measured(spark: SparkSession) -> None:
    worker = _hours(spark, [_seen("worker", 60, _bins(b0=60), _bins(b9=60))], gpus=4)["worker"]
    assert (worker["is_gpu"], worker["gpu_node_hours"]) == (True, 1.0)
    assert worker["measured_node_hours"] == worker["idle_node_hours"] == 0.0
    assert worker["memory_max_pct"] is None


@pytest.mark.parametrize(
    ("cluster", "kind", "hours"),
    [
        ({"cluster_source": "UI"}, "all_purpose", 6.0),
        ({"cluster_source": "PIPELINE_MAINTENANCE"}, "pipeline", 6.0),
        ({"workers": None, "min_workers": 2}, "job_cluster", 4.0),
        ({"workers": 0}, "job_cluster", None),
        ({"cluster_date": on(1)}, "not_known", None),
        ({"deleted_at": at(-1)}, "not_known", None),
    ],
)
def test_what_the_definition_of_that_day_says(
    spark: SparkSession, cluster: Row, kind: str, hours: float | None
) -> None:
    rows = _hours(spark, [], cluster=_CLUSTER | cluster)
    assert {row["compute_kind"] for row in rows.values()} == {kind}
    assert (rows["worker"]["unseen_node_hours"] if "worker" in rows else None) == hours


def test_a_run_that_is_not_known_on_that_day_is_its_jobs_by_number(spark: SparkSession) -> None:
    late = _DAY | {"used_date": on(3)}
    assert {row["series_key"] for row in _hours(spark, [], day=late).values()} == {"w/7"}


@given(st.integers(0, 3 * 24 * 60), st.integers(0, 3 * 24 * 60))
def test_the_days_of_a_use_add_up_to_it(spark: SparkSession, start: int, length: int) -> None:
    used_from = at(0) + timedelta(minutes=start)
    used_until = used_from + timedelta(minutes=length)
    use = _USE | {"used_date": used_from.date(), "used_from": used_from, "used_until": used_until}
    rows = rows_of(run_cluster_days(frame_of(spark, silver.RUN_CLUSTERS, [use])))
    assert sum(row["used_seconds"] for row in rows) == 60.0 * length
    days = sorted(row["used_date"] for row in rows)
    assert days[0] == used_from.date()
    assert len(set(days)) == len(days)
    assert all(0 <= row["used_seconds"] <= 86400 for row in rows)
