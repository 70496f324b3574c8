"""Each run against the SLA that held when it first started.

A limit is held against the attempt that succeeded first; a deadline asks for a success by the first
occurrence of the clock time, in its zone, after the first start. A run that was cancelled, skipped
or never started is exempt; one that can still make it is pending.
"""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.sla.decided import sla_decisions
from pipeline.sla.due import with_due
from pipeline.sla.precedence import with_sla_at
from pipeline.steps.kinds import ByDay, Lasting, Whole
from pipeline.tables import silver
from pipeline.tables.ops import DECISIONS


def run_sla(
    runs: DataFrame, job_versions: DataFrame, sla_decisions: DataFrame, *, as_of: datetime
) -> DataFrame:
    """silver.run_sla from silver.runs, silver.job_versions and silver.sla_decisions."""
    promised = with_sla_at(runs, job_versions, sla_decisions, at="started_at").where(
        "sla_kind IS NOT NULL"
    )
    judged = with_due(
        promised,
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
    return judged.withColumns(
        {
            "measured_seconds": F.when(F.col("by_limit"), F.col("first_success_seconds")),
            "margin_seconds": F.when(
                F.col("by_limit"), F.col("sla_limit_seconds") - F.col("first_success_seconds")
            ).otherwise(margin_micros / 1e6),
            "sla_status": F.when(succeeded & in_time, F.lit("MET"))
            .when(succeeded, F.lit("MISSED"))
            .when(exempt, F.lit("EXEMPT"))
            .when(too_late, F.lit("MISSED"))
            .otherwise(F.lit("PENDING")),
        }
    ).select(*silver.RUN_SLA.column_names)


STEPS = (
    Whole(
        name="sla_decisions",
        run=sla_decisions,
        reads=(DECISIONS,),
        writes=silver.SLA_DECISIONS,
    ),
    ByDay(
        name="run_sla",
        run=run_sla,
        days_of=silver.RUNS,
        beside=(
            Lasting.version(silver.JOB_VERSIONS),
            Lasting(silver.SLA_DECISIONS, "decided_at", "decided_until"),
        ),
        writes=silver.RUN_SLA,
        group=("workspace_id", "series_key"),
        reopened="sla_status = 'PENDING'",
    ),
)
