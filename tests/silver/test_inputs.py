"""How much attempts have read: by their statements, else by the network of their own cluster."""

from typing import Any

from pyspark.sql import SparkSession

from pipeline.silver.compute import run_utilisation
from pipeline.silver.inputs import attempt_inputs
from pipeline.tables import bronze, silver
from tests.strategies.tables import Row, at, frame_of, on, rows_of

_RUN: Row = {"workspace_id": "w", "run_id": "r"}


def _attempt(number: int, hour: int, **columns: Any) -> Row:
    started = {"attempt": number, "run_date": on(0), "started_at": at(0, hour)}
    return _RUN | {"job_id": "7", "status": "SUCCEEDED"} | started | columns


def _statement(number: int, hour: int, read_bytes: int | None, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "statement_id": f"s{number}",
        "start_time": at(0, hour, 30),
        "update_time": at(0, hour, 40),
        "source_date": on(0),
        "read_bytes": read_bytes,
        "spilled_local_bytes": 1,
        "job_run_id": "r",
    } | columns


def _received(cluster: str, role: str, received: int | None, day: int = 0) -> Row:
    used = {"used_date": on(day), "cluster_id": cluster, "role": role}
    return _RUN | used | {"job_id": "7", "network_received_bytes": received}


def _inputs(
    spark: SparkSession,
    attempts: list[Row],
    statements: list[Row] = [],  # noqa: B006  # read only
    received: list[Row] = [],  # noqa: B006  # read only
    clusters: list[Row] = [],  # noqa: B006  # read only
) -> list[tuple[Any, ...]]:
    """(attempt, input_bytes, input_source, spilled_bytes) of each attempt with a row."""
    output = attempt_inputs(
        frame_of(spark, silver.ATTEMPTS, attempts),
        frame_of(spark, bronze.QUERY_HISTORY, statements),
        frame_of(spark, silver.RUN_UTILISATION, received),
        frame_of(spark, silver.RUN_CLUSTERS, clusters),
    )
    columns = ("attempt", "input_bytes", "input_source", "spilled_bytes")
    return sorted(tuple(row[name] for name in columns) for row in rows_of(output))


def test_statements_count_once_as_last_told_for_the_attempt_they_were_begun_in(
    spark: SparkSession,
) -> None:
    statements = [
        _statement(1, 1, 10),
        _statement(2, 1, 99),
        _statement(2, 1, 20, update_time=at(0, 5)),  # told again: this is what it read
        _statement(3, 4, 7),
        _statement(4, 0, 1),  # before the first slice that has arrived
        _statement(5, 1, 1_000, job_run_id=""),
        _statement(6, 1, 1_000, workspace_id="v"),
    ]
    attempts = [_attempt(0, 1), _attempt(1, 3), _attempt(0, 1, run_id="of nobody")]
    expected = [(0, 31, "queries", 3), (1, 7, "queries", 1)]
    assert _inputs(spark, attempts, statements) == expected
    assert _inputs(spark, attempts[::-1], statements[::-1]) == expected


def test_without_statements_the_network_of_the_cluster_tells(spark: SparkSession) -> None:
    use = _RUN | {"job_id": "7", "task_runs": 1}
    clusters = [
        use | {"cluster_id": "c0", "used_date": on(0), "used_from": at(0, 1)},
        use | {"cluster_id": "c1", "used_date": on(0), "used_from": at(0, 3)},
    ]
    received = [
        _received("c0", "driver", 5),
        _received("c0", "worker", 50),
        _received("c0", "worker", 500, day=1),
        _received("c1", "worker", None),
    ]
    attempts = [_attempt(0, 1), _attempt(1, 3)]
    assert _inputs(spark, attempts, [], received, clusters) == [(0, 555, "network", None)]
    both = _inputs(spark, attempts, [_statement(1, 1, 10)], received, clusters)
    assert both == [(0, 10, "queries", 1)]
    # A statement that does not say what it read leaves it to the network.
    unsaid = _inputs(spark, attempts, [_statement(1, 1, None)], received, clusters)
    assert unsaid == [(0, 555, "network", 1)]


def test_a_cluster_that_several_runs_used_on_a_day_tells_nobodys_input(
    spark: SparkSession,
) -> None:
    minute = {
        "workspace_id": "w",
        "cluster_id": "c",
        "instance_id": "i",
        "start_time": at(0, 4),
        "end_time": at(0, 4, 1),
        "source_date": on(0),
        "network_received_bytes": 70,
    }
    later = minute | {"start_time": at(1, 4), "end_time": at(1, 4, 1), "source_date": on(1)}
    use = {"workspace_id": "w", "job_id": "7", "cluster_id": "c"}
    uses = [
        use | {"run_id": "r", "used_from": at(0, 3), "used_until": at(0, 5), "used_date": on(0)},
        use | {"run_id": "s", "used_from": at(0, 3), "used_until": at(1, 5), "used_date": on(0)},
    ]
    rows = rows_of(
        run_utilisation(
            frame_of(spark, bronze.NODE_TIMELINE, [minute, later]),
            frame_of(spark, silver.RUN_CLUSTERS, uses),
        )
    )
    received = {(row["run_id"], row["used_date"]): row["network_received_bytes"] for row in rows}
    assert received == {("r", on(0)): None, ("s", on(0)): None, ("s", on(1)): 70}
