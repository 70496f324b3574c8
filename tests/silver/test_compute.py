"""Node-minutes for the runs that used them."""

from datetime import timedelta
from typing import Any

from pyspark.sql import SparkSession

from pipeline.silver.compute import clusters, run_clusters, run_utilisation
from pipeline.tables import bronze, silver
from tests.strategies.tables import Row, at, frame_of, one, rows_of

_CLUSTER = {"workspace_id": "w", "cluster_id": "c"}


def _minute(minute: int, node: int, cpu: float | None, **columns: Any) -> Row:
    start = at(0, 4) + timedelta(minutes=minute)
    default: Row = _CLUSTER | {
        "instance_id": f"i{node}",
        "start_time": start,
        "end_time": start + timedelta(minutes=1),
        "driver": node == 0,
        "cpu_user_percent": cpu,
        "cpu_system_percent": 1.0,
        "mem_used_percent": 40.0,
        "node_type": "m5",
    }
    return default | columns


def _used(start: int, end: int, run: str = "70") -> Row:
    from_, until = at(0, 4) + timedelta(minutes=start), at(0, 4) + timedelta(minutes=end)
    return _CLUSTER | {
        "job_id": "7",
        "run_id": run,
        "used_from": from_,
        "used_until": until,
        "used_date": from_.date(),
        "task_runs": 1,
    }


def test_only_the_minutes_of_the_run_count(spark: SparkSession) -> None:
    # A shared cluster is up for 10 minutes with a driver and two workers; the run used minutes 2 to
    # 5: 3 clock minutes, 3 driver-minutes, 6 worker-minutes. Worker 1 is at 10 + 1, worker 2 at 30 + 1.
    minutes = [
        _minute(m, node, cpu) for m in range(10) for node, cpu in ((0, 90.0), (1, 10.0), (2, 30.0))
    ]
    other = [_minute(3, 9, 99.0, workspace_id="v")]
    output = {
        r["role"]: r
        for r in rows_of(
            run_utilisation(
                frame_of(spark, bronze.NODE_TIMELINE, minutes + other),
                frame_of(spark, silver.RUN_CLUSTERS, [_used(2, 5)]),
            )
        )
    }
    worker, driver = output["worker"], output["driver"]
    assert (worker["node_minutes"], worker["clock_minutes"], worker["nodes_max"]) == (6, 3, 2)
    assert worker["cpu_histogram"] == [{"bin_pct": 11, "minutes": 3}, {"bin_pct": 31, "minutes": 3}]
    assert (worker["cpu_mean_pct"], worker["mem_max_pct"]) == (21.0, 40.0)
    assert (driver["node_minutes"], driver["cpu_mean_pct"]) == (3, 91.0)
    assert worker["swap_max_pct"] is None


def test_bins_hold_what_is_beyond_and_nothing_for_what_is_missing(spark: SparkSession) -> None:
    minutes = [_minute(0, 1, 150.0), _minute(1, 1, None), _minute(2, 1, -5.0)]
    row = one(
        run_utilisation(
            frame_of(spark, bronze.NODE_TIMELINE, minutes),
            frame_of(spark, silver.RUN_CLUSTERS, [_used(0, 9)]),
        )
    )
    assert row["cpu_histogram"] == [{"bin_pct": 0, "minutes": 1}, {"bin_pct": 100, "minutes": 1}]
    assert row["node_minutes"] == 3


def test_a_mean_leaves_out_what_is_missing_and_is_the_same_in_any_order(
    spark: SparkSession,
) -> None:
    # 0.1 + 0.2 + 0.3 differs from 0.3 + 0.2 + 0.1 in doubles, and rows come in any order.
    read = [0.1, 0.2, 0.3, None, 1e300]
    minutes = [_minute(m, 0, cpu, cpu_system_percent=0.0) for m, cpu in enumerate(read)]
    uses = frame_of(spark, silver.RUN_CLUSTERS, [_used(0, 4)])
    output = [
        one(run_utilisation(frame_of(spark, bronze.NODE_TIMELINE, batch), uses))
        for batch in (minutes, minutes[::-1])
    ]
    assert [row["cpu_mean_pct"] for row in output] == [0.2, 0.2]
    assert output[0]["clock_minutes"] == 4
    # No percentage, but a number: it does not stop a night.
    absurd = frame_of(spark, silver.RUN_CLUSTERS, [_used(4, 5)])
    row = one(run_utilisation(frame_of(spark, bronze.NODE_TIMELINE, minutes), absurd))
    assert row["cpu_mean_pct"] == 1e6


def test_a_cluster_is_used_from_its_first_task_to_its_last(spark: SparkSession) -> None:
    task: Row = {"workspace_id": "w", "job_id": "7", "warehouse_ids": []}
    tasks: list[Row] = [
        task
        | {
            "task_run_id": "1",
            "run_id": "70",
            "cluster_ids": ["c"],
            "started_at": at(0, 1),
            "seen_until": at(0, 2),
        },
        task
        | {
            "task_run_id": "2",
            "run_id": "70",
            "cluster_ids": ["c", "d"],
            "started_at": at(0, 3),
            "seen_until": at(0, 5),
        },
        task
        | {
            "task_run_id": "3",
            "run_id": None,
            "cluster_ids": ["c"],
            "started_at": at(0, 0),
            "seen_until": at(0, 9),
        },
    ]
    output = {
        r["cluster_id"]: r for r in rows_of(run_clusters(frame_of(spark, silver.TASK_RUNS, tasks)))
    }
    assert (output["c"]["used_from"], output["c"]["used_until"], output["c"]["task_runs"]) == (
        at(0, 1),
        at(0, 5),
        2,
    )
    assert (output["d"]["used_from"], output["d"]["task_runs"]) == (at(0, 3), 1)


def test_each_size_of_a_cluster_and_from_when_to_when(spark: SparkSession) -> None:
    # Two versions 2 ms apart are one edit, of which the last says what holds.
    edits = (
        (at(0), {"worker_count": 2}),
        (at(0) + timedelta(milliseconds=2), {"worker_count": 8}),
        (at(1), {"min_autoscale_workers": 1, "max_autoscale_workers": 9}),
        (at(2), {"worker_node_type": "m5"}),
    )
    rows = [_CLUSTER | {"change_time": time} | columns for time, columns in edits]
    row = one(clusters(frame_of(spark, bronze.CLUSTERS, rows)))
    sizes = [tuple(size.values()) for size in row["sizes"]]
    assert sizes == [
        (at(0) + timedelta(milliseconds=2), at(1), 8, False, None),
        (at(1), at(2), None, True, None),
        (at(2), None, None, False, "m5"),
    ]
    assert row["first_seen_change_at"] == at(0)


def test_the_newest_version_of_a_cluster(spark: SparkSession) -> None:
    rows = [
        _CLUSTER
        | {"change_time": at(day), "worker_count": day, "dbr_version": "18.0.x-photon-scala2.13"}
        for day in (2, 4, 3)
    ]
    row = one(clusters(frame_of(spark, bronze.CLUSTERS, rows)))
    assert (row["workers"], row["first_seen_change_at"], row["is_photon"]) == (4, at(2), True)
    assert row["cluster_date"] == at(2).date()
