"""What forecasts have covered of what they said they would, job by job, for those who read Gold alone."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.steps.kinds import Whole
from pipeline.tables import gold


def forecast_coverage(quality: DataFrame, jobs: DataFrame) -> DataFrame:
    """gold.forecast_coverage from model.forecast_quality, whose job_id is a series, and gold.jobs."""
    levels = F.explode(
        F.array(
            *(
                F.struct(
                    F.lit(percent / 100).alias("level"),
                    F.col(f"coverage_{percent}").alias("covered_share"),
                )
                for percent in gold.COVERED_LEVELS
            )
        )
    )
    covered = quality.where("scored_runs > 0").select(
        F.col("job_id").alias("series_key"), "scored_runs", levels.alias("at")
    )
    return (
        covered.join(jobs.select("workspace_id", "series_key"), "series_key")
        .select("workspace_id", "series_key", "at.level", "scored_runs", "at.covered_share")
        .where("covered_share IS NOT NULL")
    )


STEPS = (
    Whole(
        name="forecast_coverage",
        run=forecast_coverage,
        reads=(gold.FORECAST_QUALITY, gold.JOBS),
        writes=gold.FORECAST_COVERAGE,
    ),
)
