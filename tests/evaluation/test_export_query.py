"""The query of docs/evaluate.md gives the attempts that our own tables hold."""

import re
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from optimizer.panel import OUTCOMES
from pipeline.evaluation.runlog import COLUMNS, read_runs
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import bronze, silver
from tests.night.homes import Made

PAGE = Path(__file__).parents[2] / "docs" / "evaluate.md"


def query(view: str) -> str:
    (text,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert text.count("system.lakeflow.job_run_timeline") == 1
    since = text.replace("current_date()", "DATE '2026-02-01'")
    return since.replace("system.lakeflow.job_run_timeline", view)


def test_it_tells_what_silver_holds(undisturbed: Made, spark: SparkSession, tmp_path: Path) -> None:
    lakehouse = DeltaFolder(undisturbed.home, spark)
    lakehouse.read(bronze.JOB_RUN_TIMELINE).createOrReplaceTempView("timeline_for_export")
    exported = spark.sql(query("timeline_for_export")).toArrow().to_pandas()
    exported = exported[exported["status"].isin(list(OUTCOMES))]
    attempts = lakehouse.read(silver.ATTEMPTS)
    # It takes names as they are.
    otherwise = attempts.where("series_basis NOT IN ('job_id', 'run_name')").toPandas()
    exported = exported[~exported["run_id"].isin(otherwise["run_id"] + "#0")]
    assert len(otherwise) == 3 * 6
    stored = (
        attempts.where("series_basis IN ('job_id', 'run_name')")
        .where(F.col("status").isin(list(OUTCOMES)) & ~F.col("never_started"))
        .select(
            F.col("series_key").alias("job_id"),
            F.concat_ws("#", "run_id", F.col("attempt").cast("string")).alias("run_id"),
            F.col("started_at").alias("start_time"),
            "duration_seconds",
            "status",
        )
        .toArrow()
        .to_pandas()
    )
    assert len(exported) > 20
    order = ["job_id", "run_id", "start_time"]
    pd.testing.assert_frame_equal(
        exported.sort_values(order, ignore_index=True)[list(COLUMNS)],
        stored.sort_values(order, ignore_index=True)[list(COLUMNS)],
        check_dtype=False,
    )
    exported.to_parquet(tmp_path / "runs.parquet", index=False)
    read = read_runs(tmp_path / "runs.parquet")
    assert len(read) == len(exported)
