"""What forecasts have covered, for readers of Gold."""

from pyspark.sql import SparkSession

from pipeline.gold.coverage import forecast_coverage
from pipeline.tables import gold

_WEST = "1/10"
_SCORES = (
    "job_id string, scored_runs bigint, coverage_50 double, coverage_90 double, coverage_99 double"
)


def test_each_scored_job_has_a_row_a_quantile_in_its_own_workspace(spark: SparkSession) -> None:
    quality = spark.createDataFrame(
        [(_WEST, 40, 0.5, 0.875, 1.0), ("2/20", 0, None, None, None), ("3/30", 5, 0.4, None, 1.0)],
        _SCORES,
    )
    jobs = spark.createDataFrame(
        [("1", _WEST), ("2", "2/20"), ("3", "3/30"), ("4", "4/40")],
        "workspace_id string, series_key string",
    )
    covered = forecast_coverage(quality, jobs)
    assert covered.columns == list(gold.FORECAST_COVERAGE.column_names)
    assert sorted(tuple(row) for row in covered.collect()) == [
        ("1", _WEST, 0.5, 40, 0.5),
        ("1", _WEST, 0.9, 40, 0.875),
        ("1", _WEST, 0.99, 40, 1.0),
        ("3", "3/30", 0.5, 5, 0.4),
        ("3", "3/30", 0.99, 5, 1.0),
    ]
