"""States become a model's artifact in batches, whichever engine they come from."""

from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from pipeline.tracking import model_versions
from pipeline.tracking.model_versions import write_states


@pytest.mark.parametrize("batch", [1, 2, 1_000])
def test_all_jobs_are_in_the_file(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(model_versions, "_JOBS_A_BATCH", batch)
    states = {f"w/{job}": [float(job), 2.0] for job in range(5)}
    frame = spark.createDataFrame(
        [*states.items()], "job_id string, quantile_seconds array<double>"
    )
    assert write_states(frame, tmp_path / "states.parquet") == 5
    stored = pd.read_parquet(tmp_path / "states.parquet")
    by_job = zip(stored["job_id"], stored["quantile_seconds"], strict=True)
    assert {job: seconds.tolist() for job, seconds in by_job} == states


def test_no_jobs_are_a_file_too(spark: SparkSession, tmp_path: Path) -> None:
    assert write_states(spark.createDataFrame([], "job_id string"), tmp_path / "none.parquet") == 0
    assert pd.read_parquet(tmp_path / "none.parquet").columns.tolist() == ["job_id"]
