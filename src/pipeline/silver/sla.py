"""Each run against the SLA that held when it first started.

A limit is held against the attempt that succeeded first; a deadline asks for a success by the first
occurrence of the clock time, in its zone, after the first start. A run that was cancelled, skipped
or never started is exempt; one that can still make it is pending.
What people decide holds for runs that start after it.
"""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.sla.due import with_due
from pipeline.sla.precedence import SLA_COLUMNS, decided, with_decided
from pipeline.steps.kinds import ByDay, Lasting
from pipeline.tables import silver
from pipeline.tables.ops import SLA_DECISIONS


def run_sla(
    runs: DataFrame, job_versions: DataFrame, sla_decisions: DataFrame, *, as_of: datetime
) -> DataFrame:
    """silver.run_sla from silver.runs, silver.job_versions and ops.sla_decisions."""
    by_job = ["workspace_id", "series_key"]
    versions = job_versions.select(*by_job, "valid_from", "valid_to", "is_first", *SLA_COLUMNS)
    at_start = (
        runs.alias("r")
        .join(
            versions.alias("v"),
            (F.col("r.workspace_id") == F.col("v.workspace_id"))
            & (F.col("r.series_key") == F.col("v.series_key"))
            & ((F.col("r.started_at") >= F.col("v.valid_from")) | F.col("v.is_first"))
            & (F.col("v.valid_to").isNull() | (F.col("r.started_at") < F.col("v.valid_to"))),
            "left",
        )
        .select("r.*", *(f"v.{name}" for name in SLA_COLUMNS))
    )
    judged = with_decided(
        at_start.alias("r")
        .join(
            decided(sla_decisions).alias("d"),
            (F.col("r.workspace_id") == F.col("d.workspace_id"))
            & (F.col("r.series_key") == F.col("d.series_key"))
            & (F.col("r.started_at") >= F.col("d.decided_at"))
            & (
                F.col("d.decided_until").isNull()
                | (F.col("r.started_at") < F.col("d.decided_until"))
            ),
            "left",
        )
        .select("r.*", *(f"d.decided_{name}" for name in SLA_COLUMNS))
    ).where("sla_kind IS NOT NULL")
    judged = with_due(
        judged,
        start="started_at",
        time_of_day="sla_time_of_day",
        zone="sla_timezone",
        due="due_at",
    ).withColumn("by_limit", F.col("sla_kind") == "limit")
    succeeded = F.col("first_success_at").isNotNull()
    in_time = F.when(
        F.col("by_limit"), F.col("first_success_seconds") <= F.col("sla_limit_seconds")
    ).otherwise(F.col("first_success_at") <= F.col("due_at"))
    too_late = F.when(F.col("by_limit"), F.col("status").isin("FAILED", "TIMEOUT")).otherwise(
        F.col("due_at") <= F.lit(as_of)
    )
    exempt = F.col("status").isin("CANCELLED", "SKIPPED", "UNKNOWN") | F.col("never_started")
    margin_micros = F.unix_micros("due_at") - F.unix_micros("first_success_at")
    return judged.select(
        "run_date",
        "workspace_id",
        "job_id",
        "series_key",
        "run_id",
        "started_at",
        *SLA_COLUMNS,
        "due_at",
        F.when(F.col("by_limit"), F.col("first_success_seconds")).alias("measured_seconds"),
        F.when(F.col("by_limit"), F.col("sla_limit_seconds") - F.col("first_success_seconds"))
        .otherwise(margin_micros / 1e6)
        .alias("margin_seconds"),
        F.when(succeeded & in_time, F.lit("MET"))
        .when(succeeded, F.lit("MISSED"))
        .when(exempt, F.lit("EXEMPT"))
        .when(too_late, F.lit("MISSED"))
        .otherwise(F.lit("PENDING"))
        .alias("sla_status"),
    )


STEPS = (
    ByDay(
        name="run_sla",
        run=run_sla,
        days_of=silver.RUNS,
        beside=(Lasting.version(silver.JOB_VERSIONS), SLA_DECISIONS),
        writes=silver.RUN_SLA,
        group=("workspace_id", "series_key"),
        reopened="sla_status = 'PENDING'",
    ),
)
