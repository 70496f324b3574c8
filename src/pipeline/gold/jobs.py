"""The list of jobs: all that are defined or have run, as they are now.

A job is called what its newest version with a name says; failing that, what its runs are called;
failing that, what billing calls it.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.sla.precedence import with_sla_now
from pipeline.steps.kinds import Whole
from pipeline.tables import bronze, gold, silver

_KEY = ["workspace_id", "series_key"]
_NOT_TOLD = (
    "the Jobs API has not told of it: it was not asked, or whoever asked may not see the job"
)
_SETTINGS = [column.name for column in silver.SETTINGS]


def _where_named(name: str, order: str) -> Column:
    """What orders a group's names; without one, a row says nothing."""
    return F.when(F.nullif(F.col(name), F.lit("")).isNotNull(), F.col(order))


def jobs(
    job_versions: DataFrame,
    job_daily: DataFrame,
    cost_daily: DataFrame,
    workspaces: DataFrame,
    sla_decisions: DataFrame,
    job_settings: DataFrame,
) -> DataFrame:
    """gold.jobs from silver.job_versions, gold.job_daily, gold.cost_daily, bronze.workspaces_latest,
    silver.sla_decisions and silver.job_settings."""
    defined = job_versions.where("valid_to IS NULL").withColumn("is_defined", F.lit(True))
    ran = job_daily.groupBy(*_KEY).agg(
        F.min("run_date").alias("first_run_date"),
        F.max("run_date").alias("last_run_date"),
        F.sum("runs").alias("runs"),
        F.max("series_basis").alias("series_basis"),
        F.max_by("run_name", _where_named("run_name", "run_date")).alias("run_name"),
    )
    named = job_versions.groupBy(*_KEY).agg(
        F.max_by("name", _where_named("name", "valid_from")).alias("last_name")
    )
    # Of a day that bills two names the last in the alphabet: which was the newer is not told.
    billed = (
        cost_daily.where("job_name IS NOT NULL")
        .groupBy(
            "workspace_id",
            F.concat_ws("/", "workspace_id", "job_id").alias("series_key"),
            "usage_date",
        )
        .agg(F.max("job_name").alias("job_name"))
        .groupBy(*_KEY)
        .agg(F.max_by("job_name", "usage_date").alias("job_name"))
    )
    joined = with_sla_now(
        defined.join(ran, _KEY, "full_outer")
        .join(named, _KEY, "left")
        .join(billed, _KEY, "left")
        .join(
            workspaces.select("workspace_id", "workspace_name", "workspace_url"),
            "workspace_id",
            "left",
        )
        .join(
            job_settings.select(
                *_KEY,
                *_SETTINGS,
                F.col("timeout_seconds").alias("timeout_set"),
                F.coalesce("settings_problem", F.lit("")).alias("sweep_problem"),
            ),
            _KEY,
            "left",
        ),
        sla_decisions,
    )
    # What follows the workspace in the key: a job id, or the name of submitted runs.
    basis = F.coalesce("series_basis", F.lit("job_id"))
    own_key = F.expr("substring(series_key, length(workspace_id) + 2)")
    is_job = basis == "job_id"
    job_id = F.when(is_job, own_key)
    return joined.withColumns(
        {
            "series_basis": basis,
            "job_id": job_id,
            "name": F.coalesce(
                "name",
                "last_name",
                F.when(is_job, F.col("run_name")).otherwise(own_key),
                "job_name",
            ),
            "url": F.concat(
                F.rtrim(F.regexp_replace("workspace_url", "/+$", "")), F.lit("/jobs/"), job_id
            ),
            "state": F.when(F.col("deleted_at").isNotNull(), F.lit("deleted"))
            .when(F.col("is_paused"), F.lit("paused"))
            .when(F.col("is_defined").isNotNull(), F.lit("active"))
            .when(is_job, F.lit("undefined"))
            .otherwise(F.lit("submitted")),
            "is_continuous": F.coalesce("is_continuous", F.lit(False)),
            "runs": F.coalesce("runs", F.lit(0)).cast("bigint"),
            "timeout_seconds": F.coalesce("timeout_set", "timeout_seconds"),
            "settings_problem": F.when(
                is_job, F.nullif(F.coalesce("sweep_problem", F.lit(_NOT_TOLD)), F.lit(""))
            ),
        }
    ).select(*gold.JOBS.column_names)


STEPS = (
    Whole(
        name="jobs",
        run=jobs,
        reads=(
            silver.JOB_VERSIONS,
            gold.JOB_DAILY,
            gold.COST_DAILY,
            bronze.WORKSPACES_LATEST,
            silver.SLA_DECISIONS,
            silver.JOB_SETTINGS,
        ),
        writes=gold.JOBS,
    ),
)
