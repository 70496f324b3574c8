"""The nightly sweep of the Jobs API: every job once, secrets of none, and no fault that stops a night."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.settings import Settings
from pipeline.silver.job_settings import job_settings
from pipeline.sources.address import open_source
from pipeline.sources.jobs_api import JobsApi, job_rows
from pipeline.tables import bronze, source
from pipeline.workspace.connection import Refused
from tests.bronze.ingesting import Remembered, empty_bronze, held, ingest_all
from tests.strategies.tables import Row, rows_of
from tests.workspace.server import (
    BROKEN,
    DENIED,
    MALFORMED,
    UNAUTHENTICATED,
    WORKSPACE_ID,
    Answer,
    Query,
    Server,
    fault,
)

LIST, GET = "/api/2.2/jobs/list", "/api/2.2/jobs/get"
SECRET = "hunter2"
_CLUSTER = {
    "spark_version": "18.0.x-scala2.13",
    "node_type_id": "m5d.xlarge",
    "autoscale": {"min_workers": 2, "max_workers": 8},
    "policy_id": "P1",
    "runtime_engine": "PHOTON",
    "aws_attributes": {"availability": "SPOT_WITH_FALLBACK", "first_on_demand": 1},
    "spark_conf": {"fs.key": SECRET},
    "spark_env_vars": {"PASSWORD": SECRET},
    "init_scripts": [{"workspace": {"destination": f"/x?{SECRET}"}}],
    "custom_tags": {"key": SECRET},
    "docker_image": {"basic_auth": {"password": SECRET}},
}
_NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "description": SECRET,
    "run_as": {"service_principal_name": "sp-1"},
    "tags": {"team": "core"},
    "schedule": {"quartz_cron_expression": "0 0 3 * * ?", "timezone_id": "UTC", "pause_status": "PAUSED"},
    "max_concurrent_runs": 2,
    "queue": {"enabled": True},
    "timeout_seconds": 7200,
    "health": {"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 3600}]},
    "email_notifications": {
        "on_failure": [f"{SECRET}@example.com", "b@example.com"],
        "on_duration_warning_threshold_exceeded": [f"{SECRET}@example.com"],
        "no_alert_for_skipped_runs": True,
    },
    "webhook_notifications": {"on_failure": [{"id": SECRET}]},
    "parameters": [{"name": "key", "default": SECRET}],
    "git_source": {"git_url": f"https://u:{SECRET}@example.com/x.git"},
    "performance_target": "COST_OPTIMIZED",
    "job_clusters": [{"job_cluster_key": "main", "new_cluster": _CLUSTER}],
    "environments": [
        {
            "environment_key": "default",
            "spec": {
                "environment_version": "5",
                "dependencies": [f"--extra-index-url https://u:{SECRET}@host/simple", "x==1"],
            },
        }
    ],
    "tasks": [
        {
            "task_key": "load",
            "job_cluster_key": "main",
            "max_retries": 3,
            "min_retry_interval_millis": 60_000,
            "notebook_task": {"notebook_path": "/x", "base_parameters": {"key": SECRET}},
            "email_notifications": {"on_failure": [f"{SECRET}@example.com"]},
            "libraries": [{"pypi": {"package": "x", "repo": f"https://u:{SECRET}@host"}}],
        },
        {
            "task_key": "own",
            "new_cluster": {"node_type_id": "i3.xlarge", "num_workers": 0},
            "sql_task": {"parameters": {"key": SECRET}, "warehouse_id": "w"},
        },
    ],
}  # fmt: skip


def _job(number: int, settings: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"job_id": number, "settings": settings or {"name": f"job {number}"}} | more


def _rows(server: Server) -> list[dict[str, Any]]:
    return list(job_rows(server.connect()))


def test_a_job_is_told_in_full_and_no_secret_with_it(server: Server) -> None:
    server.says(LIST, {"jobs": [_job(7, _NIGHTLY)]})
    (row,) = _rows(server)
    assert SECRET not in repr(row)
    assert set(row) <= set(source.JOB_SETTINGS.column_names)
    assert (row["workspace_id"], row["job_id"], row["name"]) == (str(WORKSPACE_ID), "7", "nightly")
    assert (row["trigger_type"], row["pause_status"]) == ("schedule", "PAUSED")
    assert row["performance_target"] == "COST_OPTIMIZED", "a word that the SDK does not know"
    assert row["notifications"] == [
        {"event": "on_duration_warning_threshold_exceeded", "emails": 1, "destinations": 0},
        {"event": "on_failure", "emails": 2, "destinations": 1},
    ]
    assert [(t["task_key"], t["kind"], t["max_retries"]) for t in row["tasks"]] == [
        ("load", "notebook", 3),
        ("own", "sql", None),
    ]
    assert [(c["job_cluster_key"], c["task_key"], c["num_workers"]) for c in row["clusters"]] == [
        ("main", None, None),
        (None, "own", 0),
    ]
    assert row["environments"] == [
        {"environment_key": "default", "environment_version": "5", "dependencies": 2}
    ]


def test_pages_are_followed_and_long_jobs_completed(server: Server) -> None:
    def listed(query: Query) -> Answer:
        assert query["expand_tasks"] == "true"
        if "page_token" not in query:
            return Answer({"jobs": [_job(1), _job(2, has_more=True)], "next_page_token": "b"})
        return Answer({"jobs": [_job(3)]})

    def one(query: Query) -> Answer:
        first = 0 if "page_token" not in query else 100
        tasks = [{"task_key": f"t{n}"} for n in range(first, first + 100)]
        more = {"next_page_token": "2"} if first == 0 else {}
        return Answer({"job_id": 2, "settings": {"name": "long", "tasks": tasks}} | more)

    server.says(LIST, listed)
    server.says(GET, one)
    rows = _rows(server)
    assert [row["job_id"] for row in rows] == ["1", "2", "3"]
    assert len({task["task_key"] for task in rows[1]["tasks"]}) == 200


def test_a_job_that_cannot_be_read_is_a_row_that_says_why(server: Server) -> None:
    jobs = [_job(1, has_more=True), _job(2, {"tags": "none"}), _job(3, {"tasks": ["x"]}), _job(4)]
    server.says(LIST, {"jobs": jobs})
    server.says(GET, DENIED)
    rows = _rows(server)
    assert [row["job_id"] for row in rows] == ["1", "2", "3", "4"]
    assert "lacks the permission" in rows[0]["error"]
    assert rows[1]["error"] == "its settings are not of the form that the API promises"
    assert "not of the form" in rows[2]["error"]
    assert "error" not in rows[3]


def test_a_busy_workspace_is_waited_for(server: Server) -> None:
    server.says(LIST, fault(429, "RESOURCE_EXHAUSTED", Retry_After="1"), {"jobs": [_job(1)]})
    assert len(_rows(server)) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (UNAUTHENTICATED, "does not accept the credentials"),
        (DENIED, "lacks the permission"),
        (BROKEN, "no usable answer"),
        (MALFORMED, "no usable answer"),
        (Answer({"jobs": {"a": 1}}), "not of the form"),
        (Answer([]), "not of the form"),
        (Answer({"jobs": [], "next_page_token": "again"}), "in a circle"),
    ],
    ids=["401", "403", "500", "malformed", "no-list", "no-object", "circle"],
)
def test_a_listing_that_fails_is_refused_in_our_words(
    server: Server, answer: Answer, reason: str
) -> None:
    server.says(LIST, answer)
    with pytest.raises(Refused, match=reason) as refused:
        _rows(server)
    assert "dapi" not in str(refused.value)


def _silver(lakehouse: DeltaFolder) -> dict[str, Row]:
    rows = rows_of(job_settings(lakehouse.read(bronze.JOB_SETTINGS)))
    return {row["job_id"]: row for row in rows}


def test_a_night_keeps_what_differs_and_goes_on_without(
    server: Server, spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    tables = (source.JOB_SETTINGS,)
    home, positions = empty_bronze(lakehouse, tables), Remembered()

    def night() -> tuple[Any, tuple[str, ...]]:
        api = JobsApi(spark, server.connect)
        return ingest_all(api, home, positions, tables)["job_settings"], api.notices()

    server.says(LIST, {"jobs": [_job(7, _NIGHTLY), _job(8), _job(9, {"tags": 1})]})
    done, notices = night()
    assert (done.received, done.kept_new, notices) == (3, 3, ())
    version = done.version
    assert SECRET not in repr(held(home, bronze.JOB_SETTINGS))
    assert night()[0].version == version, "a sweep with nothing new writes nothing"
    server.says(LIST, DENIED)
    done, (notice,) = night()
    assert (done.version, len(held(home, bronze.JOB_SETTINGS))) == (version, 3)
    assert notice.startswith("jobs_api.job_settings was not read (whoever asks lacks")
    rows = _silver(home)
    full = rows["7"]
    assert (full["max_retries"], full["retried_tasks"], full["tasks"]) == (3, 1, 2)
    assert (full["is_queued"], full["max_concurrent_runs"], full["timeout_seconds"]) == (
        True,
        2,
        7200,
    )
    assert (full["failure_recipients"], full["late_recipients"], full["late_seconds"]) == (
        4,
        1,
        3600,
    )
    assert [(c["key"], c["min_workers"], c["max_workers"], c["is_spot"], c["is_photon"])
            for c in full["clusters"]] == [("main", 2, 8, True, True), ("own", 0, 0, False, False)]  # fmt: skip
    plain = rows["8"]
    assert (plain["max_retries"], plain["is_queued"], plain["failure_recipients"]) == (0, False, 0)
    assert (plain["max_concurrent_runs"], plain["timeout_seconds"]) == (1, None)
    assert rows["9"]["max_retries"] is None
    assert "not of the form" in rows["9"]["settings_problem"]


def test_without_credentials_it_is_said(spark: SparkSession) -> None:
    api = JobsApi(spark)
    assert api.read(source.JOB_SETTINGS, None) is None
    (notice,) = api.notices()
    assert "no credentials for a Databricks workspace were found" in notice
    presence = api.inspect(source.JOB_SETTINGS)
    assert (presence.found, "no credentials" in presence.problem) == (False, True)


def test_an_account_without_the_jobs_api_says_so(spark: SparkSession) -> None:
    settings = Settings(jobs_api=False, system_catalog="nowhere")
    account = open_source("databricks", spark, settings)
    assert account.read(source.JOB_SETTINGS, None) is None
    assert account.inspect(source.JOB_SETTINGS).problem == "the setting jobs_api is false"
    assert account.notices() == ()
    assert account.read(source.JOBS, None) is None


def test_retries_without_end(spark: SparkSession, lakehouse: DeltaFolder, server: Server) -> None:
    home = empty_bronze(lakehouse, (source.JOB_SETTINGS,))
    tasks = [{"task_key": "a", "max_retries": -1}, {"task_key": "b", "max_retries": 2}]
    server.says(LIST, {"jobs": [_job(1, {"tasks": tasks})]})
    ingest_all(JobsApi(spark, server.connect), home, Remembered(), (source.JOB_SETTINGS,))
    assert _silver(home)["1"]["max_retries"] == -1
