"""What was changed before a run that stands out: a worked case for each aspect, and which fits best."""

import random
from collections import defaultdict
from datetime import timedelta
from typing import Any

from pyspark.sql import SparkSession

from pipeline.gold.changes import STEPS, job_changes
from pipeline.tables import gold, silver
from tests.gold.slow_runs import ASKED, RUNS_BEFORE, Rows, Run, history, together
from tests.strategies.tables import Row, at, frame_of, rows_of

(_STEP,) = STEPS
_JUST_BEFORE = at(RUNS_BEFORE, 5)
"""Between the last run before and the one that is asked about."""


def _said(spark: SparkSession, rows: Rows) -> dict[str, list[tuple[Any, ...]]]:
    """(aspect, task, before, after, runs between) of each workspace's changes, the best first."""
    inputs = [frame_of(spark, table, rows.get(table, [])) for table in _STEP.reads]
    by_workspace = defaultdict(list)
    for row in sorted(rows_of(job_changes(*inputs)), key=lambda row: int(row["place"])):
        columns = ("aspect", "task_key", "before", "after", "runs_between")
        by_workspace[row["workspace_id"]].append(tuple(row[name] for name in columns))
    return by_workspace


def _version(workspace: str, day: Any, **columns: Any) -> Row:
    of_job = {"workspace_id": workspace, "job_id": "7", "series_key": f"{workspace}/7"}
    return of_job | {"valid_from": day, "name": "loads", "run_as": "a@b", "cron": "0 0 6"} | columns


def _task(workspace: str, day: Any, key: str = "load", **columns: Any) -> Row:
    of_job = {"workspace_id": workspace, "job_id": "7", "series_key": f"{workspace}/7"}
    return of_job | {"valid_from": day, "task_key": key} | columns


def _edited(workspace: str, table: Any, *versions: Row, **flags: bool) -> Rows:
    runs_before = RUNS_BEFORE + (workspace == "too early")
    rows = history(workspace, Run(), runs_before=runs_before, **(flags or {"is_anomaly": True}))
    rows[table] += versions
    return rows


def _cases() -> list[Rows]:
    jobs, tasks = silver.JOB_VERSIONS, silver.TASK_VERSIONS
    edited = {
        "name": {"name": "it's\n" + "x" * 900},
        "run_as": {"run_as": "c@d"},
        "schedule": {"cron": "0 0 7", "is_paused": True},
        "timeout": {"timeout_seconds": 3_600.0},
    }
    of_task: dict[str, Row] = {
        "task_dependencies": {"depends_on_keys": ["b", "a"]},
        "task_timeout": {"timeout_seconds": 60.0},
        "task_definition": {},
        "task_removed": {"deleted_at": _JUST_BEFORE},
    }
    clusters = {
        "cluster_size": Run(workers=8),
        "node_type": Run(node_type="m5d.xlarge"),
        "runtime": Run(runtime="18.0.x"),
    }
    return [
        *(
            _edited(name, jobs, _version(name, at(-9)), _version(name, _JUST_BEFORE, **columns))
            for name, columns in edited.items()
        ),
        *(
            _edited(name, tasks, _task(name, at(-9)), _task(name, _JUST_BEFORE, **columns))
            for name, columns in of_task.items()
        ),
        _edited("task_added", tasks, _task("task_added", at(-9)), _task("task_added", _JUST_BEFORE, "new")),
        *(history(name, run, is_anomaly=True) for name, run in clusters.items()),
        _edited("labels only", jobs, _version("labels only", at(-9)), _version("labels only", _JUST_BEFORE, team="t")),
        _edited("too early", jobs, _version("too early", at(-9)), _version("too early", at(-1), name="z")),
        _edited("too late", tasks, _task("too late", at(-9)), _task("too late", at(RUNS_BEFORE, 7))),
        _edited("not asked", tasks, _task("not asked", at(-9)), _task("not asked", _JUST_BEFORE), is_anomaly=False),
    ]  # fmt: skip


def test_each_aspect_is_named_with_before_and_after(spark: SparkSession) -> None:
    said = _said(spark, together(_cases()))
    cut = ("it's\n" + "x" * 900)[:200]
    none = ("none_known", None, None, None, None)
    assert said == {
        "name": [("name", None, "loads", cut, 0)],
        "run_as": [("run_as", None, "a@b", "c@d", 0)],
        "schedule": [("schedule", None, "0 0 6", "0 0 7 paused", 0)],
        "timeout": [("timeout", None, None, "3600 s", 0)],
        "task_dependencies": [("task_dependencies", "load", None, "a, b", 0)],
        "task_timeout": [("task_timeout", "load", None, "60 s", 0)],
        "task_definition": [("task_definition", "load", None, None, 0)],
        "task_removed": [("task_removed", "load", None, None, 0)],
        "task_added": [("task_added", "new", None, None, 0)],
        "cluster_size": [("cluster_size", None, "4 workers", "8 workers", 0)],
        "node_type": [("node_type", None, "m5d.large", "m5d.xlarge", 0)],
        "runtime": [("runtime", None, "16.4.x", "18.0.x", 0)],
        "labels only": [none],
        "too early": [none],
        "too late": [none],
    }


def test_of_a_shift_the_change_before_its_first_run_fits_best_in_any_order_of_rows(
    spark: SparkSession,
) -> None:
    # The new duration holds since run 7, and was found with run 10.
    rows = history("w", Run(), is_shift=True)
    rows[gold.JOB_BASELINE].append(
        {"workspace_id": "w", "series_key": "w/7", "regime_start": at(7, 6)}
    )
    rows[silver.TASK_VERSIONS] += [
        _task("w", at(-9)),
        _task("w", at(4, 9), timeout_seconds=1.0),
        _task("w", at(6, 9), timeout_seconds=2.0),
        _task("w", at(7, 9), timeout_seconds=3.0),
        _task("w", at(9, 9), timeout_seconds=4.0),
    ]
    expected = [
        ("task_timeout", "load", "1 s", "2 s", 0),
        ("task_timeout", "load", "2 s", "3 s", 1),
        ("task_timeout", "load", "3 s", "4 s", 3),
        ("task_timeout", "load", None, "1 s", 2),
    ]
    in_order = sorted(expected, key=lambda row: row[4])
    assert _said(spark, rows) == {"w": in_order}
    rng = random.Random(1)
    shuffled = {table: rng.sample(of_table, len(of_table)) for table, of_table in rows.items()}
    assert _said(spark, shuffled) == {"w": in_order}


def test_a_shift_of_the_job_that_fires_it_is_a_change(spark: SparkSession) -> None:
    fired = Run(fired_after=400.0)
    rows = history("w", fired, fired, is_anomaly=True)
    rows[gold.RUN_BASELINE].append(
        {
            "workspace_id": "w",
            "run_id": f"{ASKED}/up",
            "series_key": "w/8",
            "started_at": at(RUNS_BEFORE, 6) - timedelta(seconds=400),
            "is_shift": True,
            "center_seconds": 300.0,
            "duration_seconds": 450.0,
        }
    )
    said = _said(spark, rows)["w"]
    assert ("upstream_shift", None, "300 s", "450 s", 0) in said


def test_what_the_source_began_to_tell_is_no_change(spark: SparkSession) -> None:
    # A version of before December 2025 does not say who the job runs as.
    early = at(-150)
    rows = history("w", Run(), is_anomaly=True)
    rows[silver.JOB_VERSIONS] += [
        _version("w", early, run_as=None, cron=None),
        _version("w", _JUST_BEFORE),
    ]
    assert _said(spark, rows)["w"] == [("none_known", None, None, None, None)]
