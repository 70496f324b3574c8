"""An SLA to propose for each job without one: its 60 days of runs, brought to `pipeline.sla.proposal`.

A timeout is no reason to propose nothing: it says when a run is killed, not when it is needed.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.scoring.buckets import score_by_job
from pipeline.sla.proposal import MIN_RUNS, DailyStart, Seen, proposed
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.derive import spark_schema

_JOB = ["workspace_id", "series_key"]
_DAY_MINUTES: Final = 1440


def sla_proposals(jobs: DataFrame, run_forecast: DataFrame, runs: DataFrame) -> DataFrame:
    """gold.sla_proposals from gold.jobs, gold.run_forecast and the runs of 60 days."""
    open_jobs = jobs.withColumn(
        "obstacle",
        F.when(F.col("sla_kind").isNotNull() & (F.col("sla_source") != "timeout"), "it has an SLA")
        .when(F.col("is_continuous"), "a continuous job runs without end")
        .when(F.col("state").isin("deleted", "paused"), F.concat(F.lit("it is "), "state")),
    )
    lasted = (
        runs.where("NOT never_started AND status IN ('SUCCEEDED', 'FAILED', 'TIMEOUT')")
        .join(open_jobs.where("obstacle IS NULL").select(*_JOB), _JOB)
        .groupBy(*_JOB)
        .agg(
            F.count("*").alias("seen_runs"),
            (F.datediff(F.max("run_date"), F.min("run_date")) + 1).alias("days"),
            F.collect_list("first_success_seconds").alias("attempt_seconds"),
            F.collect_list(
                (F.unix_micros("first_success_at") - F.unix_micros("started_at")) / 1e6
            ).alias("wall_seconds"),
        )
    )
    by_clock = (
        run_forecast.where("start_basis IN ('cron', 'rhythm') AND horizon_days = 0")
        .groupBy(*_JOB)
        .agg(F.count("*").alias("starts"), F.min("scheduled_at").alias("starts_at"))
        .where("starts = 1")
        .withColumn(
            "minute", F.pmod(F.floor(F.unix_micros("starts_at") / 60e6), F.lit(_DAY_MINUTES))
        )
        .select(*_JOB, "starts_at", F.col("minute").cast("int").alias("minute"))
    )
    of_team = (
        jobs.where("team IS NOT NULL")
        .join(by_clock, _JOB)
        .groupBy("workspace_id", "team")
        .agg(
            F.collect_list("minute").alias("team_minutes"),
            F.collect_list("series_key").alias("team_keys"),
        )
    )
    zone = F.coalesce("timezone", F.lit("UTC"))
    histories = (
        open_jobs.join(lasted, _JOB, "left")
        .join(by_clock, _JOB, "left")
        .join(of_team, ["workspace_id", "team"], "left")
        .select(
            F.col("series_key").alias("job_id"),
            "obstacle",
            F.coalesce("seen_runs", F.lit(0)).alias("runs"),
            F.coalesce("days", F.lit(0)).alias("days"),
            *(
                F.coalesce(name, F.array().cast("array<double>")).alias(name)
                for name in ("attempt_seconds", "wall_seconds")
            ),
            "minute",
            zone.alias("zone"),
            F.date_format(F.from_utc_timestamp("starts_at", zone), "HH:mm").alias("local_clock"),
            F.coalesce("team_minutes", F.array().cast("array<int>")).alias("team_minutes"),
            F.coalesce("team_keys", F.array().cast("array<string>")).alias("team_keys"),
        )
    )
    schema = spark_schema(gold.SLA_PROPOSALS).replace("`", "")
    proposals = score_by_job(histories, _proposed, f"job_id string, {schema}", counted=jobs)
    return (
        proposals.withColumn("series_key", F.col("job_id"))
        .withColumn("workspace_id", F.substring_index("job_id", "/", 1))
        .select(*gold.SLA_PROPOSALS.column_names)
    )


def _proposed(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([_proposal(row) for row in rows.to_dict(orient="records")])


def _proposal(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    """One job's row of gold.sla_proposals."""
    job: dict[str, Any] = {"job_id": row["job_id"]}
    if row["obstacle"] is not None:
        return job | {"status": "not_assessed", "reason": row["obstacle"]}
    wall, attempts = (
        np.sort(np.asarray(row[name])) for name in ("wall_seconds", "attempt_seconds")
    )
    runs = int(row["runs"])
    if wall.size < MIN_RUNS:
        reason = f"{wall.size} successful runs in 60 days; {MIN_RUNS} are needed"
        return job | {"runs": runs, "status": "too_few_runs", "reason": reason}
    is_by_clock = not (pd.isna(row["minute"]) or pd.isna(row["local_clock"]))
    start = DailyStart(int(row["minute"]), row["local_clock"], row["zone"]) if is_by_clock else None
    of_team = [
        (int(minute), str(key))
        for minute, key in zip(row["team_minutes"], row["team_keys"], strict=True)
        if key != row["job_id"]
    ]
    proposal = proposed(wall, attempts, Seen(runs, int(row["days"])), start, of_team)
    return job | {
        "status": "ok",
        "reason": "",
        "runs": runs,
        "basis": proposal.basis,
        "sla_kind": proposal.terms.kind,
        "sla_limit_seconds": proposal.terms.limit_seconds,
        "sla_time_of_day": proposal.terms.time_of_day,
        "sla_timezone": proposal.terms.timezone,
        "downstream_series_key": proposal.downstream_series_key,
        "met": proposal.met,
        "p50_seconds": proposal.p50_seconds,
        "worst_seconds": proposal.worst_seconds,
        "evidence": proposal.evidence,
    }


STEPS = (
    RecentDays(
        name="sla_proposals",
        run=sla_proposals,
        reads=(gold.JOBS, gold.RUN_FORECAST, silver.RUNS),
        writes=gold.SLA_PROPOSALS,
        days=60,
    ),
)
