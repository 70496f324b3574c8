"""Each job's place in its chain, held against chains worked by hand."""

from typing import Any

from pyspark.sql import SparkSession

from pipeline.scoring.chains import job_chains
from pipeline.tables import gold
from tests.strategies.tables import Row, at, frame_of, rows_of

_HOSTILE = 'w/it\'s "x" \\ `q` \n\u202e😀'


def _job(key: str, owner: str | None = "ann", **columns: Any) -> Row:
    return {"workspace_id": "w", "series_key": key, "state": "active", "owner": owner} | columns


def _edge(before: str, after: str, ready: float, wait: float, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "series_key": after,
        "upstream_series_key": before,
        "kind": "fires",
        "table_name": "",
        "ready_seconds": ready,
        "wait_seconds": wait,
        "is_current": True,
    } | columns


def _run(key: str, hour: int, minutes: float | None, due: int | None = None, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "series_key": key,
        "run_number": 1,
        "start_basis": "cron",
        "expected_start_at": at(0, hour),
        "p50_seconds": None if minutes is None else 60.0 * minutes,
        "due_at": None if due is None else at(0, due),
    } | columns


def _chains(
    spark: SparkSession, jobs: list[Row], edges: list[Row], runs: list[Row]
) -> dict[str, Row]:
    output = job_chains(
        frame_of(spark, gold.JOBS, jobs),
        frame_of(spark, gold.JOB_DEPENDENCIES, edges),
        frame_of(spark, gold.RUN_FORECAST, runs),
        as_of=at(0),
    )
    return {row["series_key"]: row for row in rows_of(output)}


def test_a_chain_worked_by_hand(spark: SparkSession) -> None:
    """load, 01:00, fires shape after 60 minutes; shape, 30 minutes, writes what the report reads at 05:00 by
    its clock, due at 06:00. A second reader of load has no deadline, and a job stands alone."""
    jobs = [
        _job("load"),
        _job("shape", "bob"),
        _job(_HOSTILE, "bob", sla_kind="deadline"),
        _job("other", None, sla_kind="limit"),
        _job("slow"),
        _job("alone"),
    ]
    feeds = {"kind": "feeds", "table_name": "main.a.b"}
    edges = [
        _edge("load", "shape", 3600.0, 10.0),
        _edge("shape", _HOSTILE, 1800.0, 9000.0, **feeds),
        _edge("slow", "shape", 600.0, 4000.0, **feeds),
        _edge("load", "other", 60.0, 1.0),
        _edge("alone", "load", 1.0, 1.0, is_current=False),
    ]
    runs = [
        _run("load", 1, 90),
        _run("shape", 2, 30, upstream_series_key="load"),
        _run(_HOSTILE, 5, 30, due=6),
        _run("other", 2, 5, upstream_series_key="load"),
        _run("alone", 9, None),
    ]
    rows = _chains(spark, jobs, edges, runs)
    assert set(rows) == {job["series_key"] for job in jobs}
    counts = ("upstream_jobs", "downstream_jobs", "downstream_slas", "downstream_owners")
    assert {key: tuple(row[name] for name in counts) for key, row in rows.items()} == {
        "load": (0, 3, 2, 1),
        "shape": (2, 1, 1, 1),
        _HOSTILE: (3, 0, 0, 0),
        "other": (1, 0, 0, 0),
        "slow": (0, 2, 1, 1),
        "alone": (0, 0, 0, 0),
    }
    load, shape, report = rows["load"], rows["shape"], rows[_HOSTILE]
    way = ["load", "shape", _HOSTILE]
    for row in (load, shape, report):
        assert (row["status"], row["reason"], row["critical_path"]) == ("ok", "", way)
        assert (row["deadline_series_key"], row["deadline_at"]) == (_HOSTILE, at(0, 6))
    assert (report["latest_start_at"], report["latest_end_at"]) == (at(0, 5, 30), at(0, 6))
    assert (shape["latest_start_at"], shape["latest_end_at"]) == (at(0, 4, 30), at(0, 5))
    assert load["latest_start_at"] == at(0, 3, 29, 50)
    assert (load["expected_start_at"], load["expected_end_at"]) == (at(0, 1), at(0, 2, 30))
    assert load["slack_seconds"] == 2.5 * 3600 - 10
    assert rows["other"]["status"] == "not_assessed"
    assert rows["other"]["reason"].startswith("no run of the next 7 days has a deadline")
    assert rows["other"]["critical_path"] == ["load", "other"]
    assert rows["slow"]["critical_path"] == ["slow"], "its next run is not known"
    assert rows["alone"]["reason"] == "no job is known to come before or after it"
    assert rows["alone"]["critical_path"] is None


def test_a_late_chain_has_negative_slack(spark: SparkSession) -> None:
    jobs = [_job("load"), _job("report", sla_kind="deadline")]
    runs = [_run("load", 5, 90), _run("report", 6, 45, due=6, upstream_series_key="load")]
    rows = _chains(spark, jobs, [_edge("load", "report", 3600.0, 0.0)], runs)
    assert rows["load"]["slack_seconds"] == -45 * 60
    assert rows["report"]["slack_seconds"] == -45 * 60


def test_a_cycle_is_said_and_nothing_is_carried_back_in_it(spark: SparkSession) -> None:
    jobs = [_job(key, sla_kind="deadline") for key in ("a", "b", "c", "end")]
    edges = [_edge("a", "b", 60.0, 1.0), _edge("b", "c", 60.0, 1.0), _edge("c", "a", 60.0, 1.0)]
    edges.append(_edge("c", "end", 60.0, 1.0))
    # Only the end has a deadline that is known.
    rows = _chains(spark, jobs, edges, [_run("c", 1, 5), _run("end", 2, 5, due=3)])
    for key in ("a", "b", "c"):
        assert rows[key]["cycle"] == ["a", "b", "c"]
        assert (rows[key]["upstream_jobs"], rows[key]["downstream_jobs"]) == (2, 3)
        assert rows[key]["downstream_slas"] == 3
    assert rows["a"]["reason"].startswith("it comes before and after itself")
    assert (rows["c"]["status"], rows["c"]["critical_path"]) == ("ok", ["c", "end"])
    assert rows["end"]["cycle"] is None


def test_an_account_without_chains_has_a_row_for_each_job(spark: SparkSession) -> None:
    rows = _chains(spark, [_job("a"), _job("b")], [], [_run("a", 1, 5, due=2)])
    assert {row["status"] for row in rows.values()} == {"not_assessed"}
    assert rows.keys() == {"a", "b"}
