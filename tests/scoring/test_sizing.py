"""Right-sizing: what a job is judged on, what can be saved, and the true reason where nothing is said."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from optimizer.quantile import LEVELS
from pipeline.scoring.sizing import rightsizing
from pipeline.silver.compute import clusters
from pipeline.tables import bronze, gold, silver
from pipeline.tables.declaration import Table
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_DAYS = 12
_AS_OF = at(_DAYS, 9)
_INPUTS = (
    gold.JOBS,
    silver.RUN_UTILISATION,
    silver.RUN_CLUSTERS,
    silver.TASK_RUNS,
    silver.CLUSTERS,
    silver.USAGE_COSTS,
    gold.DURATION_STATES,
    gold.JOB_FORECAST,
)
Account = dict[Table, list[Row]]
_MINUTES = 30
_CURVE = (1700.0 + 30 * np.log(LEVELS / (1 - LEVELS))).tolist()


def _account(job: str = "7", *, versions: list[Row] | None = None, **cluster: Any) -> Account:
    """A job that runs on a cluster of its own each day, of 8 workers that idle, for 10.00 a day.

    `versions` are those of each day's cluster, `after` its start.
    """
    account: Account = {table: [] for table in (*_INPUTS, bronze.CLUSTERS)}
    who: Row = {"workspace_id": "w", "job_id": job}
    key: Row = {"workspace_id": "w", "series_key": f"w/{job}"}
    account[gold.JOBS] = [key | {"job_id": job, "last_run_date": on(_DAYS - 1)}]
    account[gold.DURATION_STATES] = [{"job_id": f"w/{job}", "quantile_seconds": _CURVE}]
    account[gold.JOB_FORECAST] = [dict(key)]
    for day in range(_DAYS):
        start, end = at(day, 3), at(day, 3, _MINUTES)
        use = who | {"run_id": f"{job}-{day}", "cluster_id": f"c{job}-{day}", "used_date": on(day)}
        account[silver.RUN_CLUSTERS].append(
            use | {"used_from": start, "used_until": end, "task_runs": 1}
        )
        account[silver.TASK_RUNS].append(
            who | {"task_run_id": f"t{job}-{day}", "run_id": use["run_id"], "started_at": start}
        )
        for version in versions or [{}]:
            default: Row = {
                "workspace_id": "w",
                "cluster_id": use["cluster_id"],
                "cluster_source": "JOB",
                "worker_node_type": "m5",
                "worker_count": 8,
                "source_date": on(day),
            }
            given = cluster | version
            after = given.pop("after", timedelta(0))
            account[bronze.CLUSTERS].append(default | {"change_time": start + after} | given)
        account[silver.RUN_UTILISATION].append(
            use
            | {
                "role": "worker",
                "node_minutes": 8 * _MINUTES,
                "nodes_max": 8,
                "cpu_histogram": [{"bin_pct": 11, "minutes": 8 * _MINUTES}],
                "mem_histogram": [{"bin_pct": 20, "minutes": 8 * _MINUTES}],
                "swap_max_pct": 0.0,
                "io_wait_mean_pct": 1.0,
            }
        )
        account[silver.USAGE_COSTS].append(
            _billed(who | {"run_id": use["run_id"]}, day, "10", cluster_id=use["cluster_id"])
        )
    return account


def _billed(who: Row, day: int, cost: str, **columns: Any) -> Row:
    default: Row = {
        "usage_date": on(day),
        "usage_unit": "DBU",
        "list_cost": Decimal(cost),
        "price_status": "priced",
        "product": "JOBS",
    }
    return who | default | columns


def _of(spark: SparkSession, account: Mapping[Table, list[Row]]) -> dict[str, Row]:
    frames = {
        table: frame_of(spark, table, rows)
        for table, rows in account.items()
        if table is not silver.CLUSTERS
    }
    frames[silver.CLUSTERS] = clusters(frames[bronze.CLUSTERS])
    output = rightsizing(*(frames[table] for table in _INPUTS), as_of=_AS_OF, currency_code="USD")
    return {row["series_key"].split("/")[1]: row for row in rows_of(output)}


def _together(*accounts: Account) -> Account:
    return {table: [row for account in accounts for row in account[table]] for table in accounts[0]}


def test_a_cluster_is_judged_on_the_size_that_was_there(spark: SparkSession) -> None:
    late, half, ms = (timedelta(minutes=28), timedelta(minutes=15), timedelta(milliseconds=2))
    gone = timedelta(minutes=31)
    by_key = _of(
        spark,
        _together(
            _account("1"),
            _account("2", versions=[{}, {"after": late, "worker_count": 4}]),
            _account("3", versions=[{"worker_count": 99}, {"after": ms}]),
            _account("4", versions=[{}, {"after": half, "worker_count": 4}]),
            _account("5", versions=[{}, {"after": gone, "worker_count": None}]),
            _account("6", worker_count=None, min_autoscale_workers=1, max_autoscale_workers=9),
            _account("7", worker_count=0),
            _account("8", worker_instance_pool_id="pool"),
        ),
    )
    for sized in "123":
        row = by_key[sized]
        assert (row["status"], row["workers"], row["recommended_workers"]) == ("ok", 8, 4), row
    reasons = {job: by_key[job]["reason"] for job in "45678"}
    assert all(by_key[job]["status"] == "not_assessed" for job in reasons)
    assert "resized" in reasons["4"]
    assert ("not known" in reasons["5"], by_key["5"]["workers"]) == (True, None)
    assert "autoscales" in reasons["6"]
    assert "single-node" in reasons["7"]
    assert "pool" in reasons["8"]
    assert sum("autoscales" in reason for reason in reasons.values()) == 1


def test_a_pool_that_only_billing_names_is_a_pool(spark: SparkSession) -> None:
    account = _account()
    for row in account[silver.USAGE_COSTS]:
        row["instance_pool_id"] = "pool"
    assert "pool" in _of(spark, account)["7"]["reason"]


def test_a_saving_is_of_what_the_cluster_costs_at_its_present_size(spark: SparkSession) -> None:
    """A pipeline, serverless tasks, other units and the runs of other sizes cannot be saved from."""
    account = _account()
    who: Row = {"workspace_id": "w", "job_id": "7"}
    for day in range(_DAYS):
        run = who | {"run_id": f"7-{day}"}
        account[silver.USAGE_COSTS] += [
            _billed(run, day, "100", pipeline_id="p", product="DLT"),
            _billed(run, day, "50", is_serverless=True),
            _billed(run, day, "7", usage_unit="GB", cluster_id=f"c7-{day}"),
        ]
    for row in account[bronze.CLUSTERS][:2]:
        row["worker_count"] = 16
    row = _of(spark, account)["7"]
    assert row["status"] == "ok", row
    assert row["list_cost_30_days"] == pytest.approx(10.0 * (_DAYS - 2))
    assert 0 < row["saving_lower"] <= row["saving_upper"] <= row["list_cost_30_days"]
    assert row["runs"] == _DAYS - 2


def test_a_saving_over_partly_unpriced_spend_says_so(spark: SparkSession) -> None:
    account = _account()
    for row in account[silver.USAGE_COSTS][:3]:
        row |= {
            "list_cost": Decimal(0),
            "price_status": "unpriced",
            "unpriced_quantity": Decimal(4),
        }
    partly = _of(spark, account)["7"]
    assert (partly["unpriced_quantity"], partly["unpriced_unit"]) == (12.0, "DBU")
    assert partly["status"] == "ok"
    assert "12.00 DBU of its cost have no price" in partly["reason"]
    for row in account[silver.USAGE_COSTS]:
        row |= {
            "list_cost": Decimal(0),
            "price_status": "unpriced",
            "unpriced_quantity": Decimal(4),
        }
    wholly = _of(spark, account)["7"]
    assert (wholly["status"], wholly["saving_mid"]) == ("not_assessed", None)
    assert "none of its 48.00 DBU has a list price in USD" in wholly["reason"]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (silver.TASK_RUNS, "system.lakeflow.job_task_run_timeline"),
        (silver.RUN_CLUSTERS, "name no cluster"),
        (bronze.CLUSTERS, "system.compute.clusters"),
        (silver.RUN_UTILISATION, "system.compute.node_timeline"),
        (silver.USAGE_COSTS, "system.billing.usage"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_reason_names_what_is_missing(spark: SparkSession, missing: Table, named: str) -> None:
    row = _of(spark, _account() | {missing: []})["7"]
    assert row["status"] == "not_assessed"
    assert named in row["reason"]


def test_each_job_has_its_own_reason(spark: SparkSession) -> None:
    """Tables are there, and lack what this job would need; or its SLA leaves nothing to hold to."""
    no_tasks, undefined, no_minutes, unbilled, shared, old, due, unread, submitted = (
        _account(str(number)) for number in range(1, 10)
    )
    no_tasks[silver.TASK_RUNS] = no_tasks[silver.RUN_CLUSTERS] = []
    undefined[bronze.CLUSTERS] = []
    no_minutes[silver.RUN_UTILISATION] = []
    unbilled[silver.USAGE_COSTS] = []
    shared[bronze.CLUSTERS] = []
    for row in shared[silver.USAGE_COSTS]:
        row["product"] = "ALL_PURPOSE"
    old[gold.JOBS][0]["last_run_date"] = on(_DAYS - 31)
    due[gold.JOBS][0] |= {"sla_kind": "deadline"}
    unread[gold.JOBS][0] |= {"sla_problem": "tag sla=soon is no duration"}
    submitted[gold.JOBS][0]["job_id"] = None
    by_job = _of(
        spark,
        _together(no_tasks, undefined, no_minutes, unbilled, shared, old, due, unread, submitted),
    )
    reasons = [by_job[str(number)]["reason"] for number in range(1, 10)]
    expected = (
        "no task of its runs",
        "defined none of the clusters",
        "no node-minutes of its workers",
        "billing names no DBU of its clusters",
        "all-purpose",
        "no run in 30 days",
        "no start is expected",
        "tag sla=soon",
        "submitted",
    )
    for words, reason in zip(expected, reasons, strict=True):
        assert words in reason
