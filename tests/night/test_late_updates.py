"""Updates of pipelines whose task runs stand on other days than they do."""

from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import run_step
from pipeline.tables import ops, silver
from tests.strategies.given import given_at
from tests.strategies.tables import Row, at, frame_of, on

(_STEP,) = (step for step in GRAPH.steps if step.name == "task_updates")


def _task(number: int, day: int) -> Row:
    return {
        "workspace_id": "w",
        "task_run_id": f"t{number}",
        "run_id": f"r{number}",
        "task_run_date": on(day),
    }


def _update(number: int, day: int, task: str | None) -> Row:
    return {
        "workspace_id": "w",
        "pipeline_id": "p",
        "update_id": f"u{number}",
        "update_date": on(day),
        "started_at": at(day),
        "seen_until": at(day, 1),
        "task_run_id": task,
    }


def test_a_task_run_is_found_on_its_day_and_others_are_not_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    lakehouse = DeltaFolder(tmp_path / "home", spark)
    for table in (*_STEP.reads, _STEP.writes, ops.POSITIONS):
        lakehouse.create(table)
    positions = Positions(spark, lakehouse)

    def runs_of_updates() -> dict[str, str | None]:
        rows = lakehouse.read(silver.TASK_UPDATES).select("update_id", "run_id").collect()
        return {row["update_id"]: row["run_id"] for row in rows}

    def night(updates: list[Row], tasks: list[Row]) -> int:
        lakehouse.merge(silver.TASK_RUNS, frame_of(spark, silver.TASK_RUNS, tasks))
        lakehouse.merge(silver.PIPELINE_UPDATES, frame_of(spark, silver.PIPELINE_UPDATES, updates))
        return run_step(lakehouse, positions, _STEP, given_at(at(12))).rows_read

    night([_update(0, 9, "t0")], [_task(number, number) for number in range(9)])
    assert runs_of_updates() == {"u0": "r0"}
    # One for a task run of long ago, one for one that comes later, and one of no task.
    read = night([_update(1, 10, "t3"), _update(2, 10, "t9"), _update(3, 11, None)], [])
    assert runs_of_updates() == {"u0": "r0", "u1": "r3", "u2": None}
    assert read == 3
    night([], [_task(9, 2)])
    assert runs_of_updates() == {"u0": "r0", "u1": "r3", "u2": "r9"}
