"""The questions a platform engineer asks first, as queries on Gold. Reads Gold and ops, nothing else.

Each answer is a small frame: ranked, limited, with names beside keys. Filters are by team and owner.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.gold.assessments import not_assessed
from pipeline.held_sla import SLA_COLUMNS, decided, with_decided
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.money import one_unit
from pipeline.reports.history import PAST_DAYS, History
from pipeline.silver.tags import team_name
from pipeline.sla_terms import Terms, read_terms
from pipeline.tables import bronze, gold, nights, ops, silver
from pipeline.tables.declaration import Table

_KEY = ["workspace_id", "series_key"]
_WHO = ("series_key", "name", "team", "owner", "tier")
_COST_DAYS = 30
_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Filter:
    """Whose jobs to speak of; None is everyone's."""

    team: str | None = None
    owner: str | None = None

    def apply(self, jobs: DataFrame) -> DataFrame:
        if self.team is not None:
            jobs = jobs.where(F.col("team") == team_name(F.lit(self.team)))
        if self.owner is not None:
            jobs = jobs.where(F.lower("owner") == self.owner.lower())
        return jobs


class Questions:
    """Answers from the tables of one home."""

    def __init__(self, lakehouse: Lakehouse, who: Filter) -> None:
        self._lakehouse = lakehouse
        self._who = who

    def _jobs(self) -> DataFrame:
        return self._who.apply(self._lakehouse.read(gold.JOBS))

    def _about(self, table: Table) -> DataFrame:
        """`table` with who its jobs belong to."""
        jobs = self._jobs().select("workspace_id", *_WHO)
        return self._lakehouse.read(table).join(jobs, _KEY)

    def jobs(self, limit: int) -> pd.DataFrame:
        """Jobs, the most recently run first."""
        return (
            self._jobs()
            .select(
                *_WHO,
                "workspace_name",
                "state",
                "sla_kind",
                "sla_source",
                "runs",
                "last_run_date",
                "url",
            )
            .orderBy(F.col("last_run_date").desc_nulls_last(), F.col("runs").desc(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def failing(self, limit: int) -> pd.DataFrame:
        """Jobs whose last verdict is a failure, important ones first."""
        return (
            self._about(gold.JOB_HEALTH)
            .where("is_failing")
            .select(
                *_WHO,
                "consecutive_failures",
                "failing_since",
                F.col("last_termination_code").alias("code"),
                F.col("last_failure_class").alias("class"),
                "last_success_at",
            )
            .orderBy(
                F.col("tier").asc_nulls_last(), F.col("consecutive_failures").desc(), "series_key"
            )
            .limit(limit)
            .toPandas()
        )

    def likely_to_miss(self, limit: int, *, at_least: float = 0.0) -> pd.DataFrame:
        """Jobs by the probability that their next run misses its SLA."""
        return (
            self._about(gold.JOB_FORECAST)
            .where((F.col("sla_status") == "ok") & (F.col("p_miss") >= at_least))
            .select(
                *_WHO,
                "p_miss",
                "next_start_at",
                "sla_kind",
                F.coalesce(
                    F.concat_ws(" ", "sla_time_of_day", "sla_timezone"),
                    F.lit(""),
                ).alias("due"),
                "sla_limit_seconds",
                "p50_seconds",
                "p95_seconds",
            )
            .orderBy(F.col("p_miss").desc(), F.col("tier").asc_nulls_last(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def sla(self, limit: int) -> pd.DataFrame:
        """Compliance of each job with an SLA over all days kept, the worst first."""
        return (
            self._about(gold.SLA_DAILY)
            .groupBy(*_WHO)
            .agg(
                F.sum("met").alias("met"),
                F.sum("missed").alias("missed"),
                F.sum("pending").alias("pending"),
                F.min("worst_margin_seconds").alias("worst_margin_seconds"),
            )
            .withColumn(
                "compliance", F.col("met") / F.nullif(F.col("met") + F.col("missed"), F.lit(0))
            )
            .orderBy(F.col("compliance").asc_nulls_last(), F.col("missed").desc(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def slas(self, limit: int) -> pd.DataFrame:
        """Jobs with an SLA, or with one that was accepted since the last night."""
        decisions = decided(self._lakehouse.read(ops.SLA_DECISIONS)).where(
            "decided_until IS NULL AND decided_sla_source IS NOT NULL"
        )
        by = self._lakehouse.read(ops.SLA_DECISIONS).select(
            "series_key", "decided_at", "decided_by", "evidence"
        )
        jobs = self._jobs().join(decisions.drop("workspace_id"), "series_key", "left")
        told = jobs.join(by, ["series_key", "decided_at"], "left")
        holds = F.col("sla_source") == F.col("decided_sla_source")
        is_ahead = F.col("sla_kind").isNull() & F.col("decided_sla_source").isNotNull()
        named = with_decided(
            told.withColumn("from_next_night", is_ahead).withColumn("is_decided", holds | is_ahead)
        )
        forecast = self._lakehouse.read(gold.JOB_FORECAST).select(
            *_KEY, "p_miss", "upcoming_runs", "expected_misses"
        )
        return (
            named.where("sla_kind IS NOT NULL")
            .join(forecast, _KEY, "left")
            .select(
                *_WHO,
                *SLA_COLUMNS,
                *(
                    F.when(F.col("is_decided"), F.col(name)).alias(name)
                    for name in ("decided_by", "decided_at", "evidence")
                ),
                "from_next_night",
                "p_miss",
                "upcoming_runs",
                "expected_misses",
            )
            .orderBy(F.col("p_miss").desc_nulls_last(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def decided_for_no_job(self) -> list[str]:
        """A sentence for each key that the settings or an owner gave an SLA and no job has."""
        known = self._lakehouse.read(gold.JOBS).select("series_key")
        counting = decided(self._lakehouse.read(ops.SLA_DECISIONS)).where(
            "decided_until IS NULL AND decided_sla_source IS NOT NULL"
        )
        strays = counting.join(known, "series_key", "left_anti").orderBy("series_key").collect()
        if not strays:
            return []
        keys = known.toArrow()["series_key"].to_pylist()
        said = []
        for row in strays:
            near = get_close_matches(row["series_key"], keys, n=1, cutoff=_NEAR)
            hint = f": did you mean {near[0]!r}?" if near else ": see rightrun show jobs"
            said.append(
                f"no job has the key {row['series_key']!r},"
                f" which has an SLA by {row['decided_sla_source']}{hint}"
            )
        return said

    def proposals(self, limit: int) -> pd.DataFrame:
        """SLAs to propose, of important and often-run jobs first."""
        return (
            self._about(gold.SLA_PROPOSALS)
            .where("status = 'ok'")
            .select(
                *_WHO,
                "basis",
                *SLA_COLUMNS[:-1],
                "downstream_series_key",
                "runs",
                "met",
                "p50_seconds",
                "worst_seconds",
                "evidence",
            )
            .orderBy(F.col("tier").asc_nulls_last(), F.col("runs").desc(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def to_accept(self, key: str, words: str | None) -> tuple[Terms | None, str]:
        """What accepting means for a job, and on what evidence: `words`, else what is proposed.

        `none` takes back what was accepted. UserError where the job declares an SLA itself, where
        nothing is proposed, and for words that are no SLA.
        """
        job = self._jobs().where(F.col("series_key") == key).collect()[0]
        source = job["sla_source"]
        if source is not None and source not in ("accepted", "timeout"):
            where = {"yaml": "rightrun.yml", "health_rule": "a health rule"}
            raise UserError(
                f"{key} has its SLA from {where.get(source, f'its tag {source}')}: change it there"
            )
        if words == "none":
            return None, "taken back"
        if words is not None:
            try:
                return read_terms(words), "as said"
            except ValueError as error:
                raise UserError(str(error)) from error
        found = self._lakehouse.read(gold.SLA_PROPOSALS).where(F.col("series_key") == key).collect()
        if not found or found[0]["status"] != "ok":
            why = f": {found[0]['reason']}" if found else ""
            raise UserError(f"nothing is proposed for {key}{why}; say what holds with --as")
        row = found[0]
        terms = Terms(
            row["sla_kind"], row["sla_limit_seconds"], row["sla_time_of_day"], row["sla_timezone"]
        )
        return terms, str(row["evidence"])

    def unlike_themselves(self, limit: int) -> pd.DataFrame:
        """Jobs whose last run was unlike the job's usual."""
        return (
            self._about(gold.JOB_BASELINE)
            .where("last_is_anomaly")
            .select(*_WHO, "last_run_id", "center_seconds", "last_robust_z", "last_p_value")
            .orderBy("last_p_value", "series_key")
            .limit(limit)
            .toPandas()
        )

    def rightsizing(self, limit: int, *, changes_only: bool) -> pd.DataFrame:
        """Recommended sizes, by the middle of the saving."""
        rows = self._about(gold.RIGHTSIZING)
        if changes_only:
            rows = rows.where("action IN ('downsize', 'upsize')")
        return (
            rows.select(
                *_WHO,
                "action",
                "worker_node_type",
                "workers",
                "recommended_workers",
                "saving_lower",
                "saving_mid",
                "saving_upper",
                "currency_code",
                "list_cost_30_days",
                "unpriced_quantity",
                "unpriced_unit",
                "cpu_p95_pct",
                "mem_p99_pct",
                "p_miss_recommended",
                "status",
                "reason",
            )
            .orderBy(F.col("saving_mid").desc_nulls_last(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def cost_by_team(self) -> pd.DataFrame:
        """List cost of the last 30 days with usage, by team; the empty team is unattributed."""
        costs = self._lakehouse.read(gold.TEAM_COST_DAILY)
        if self._who.team is not None:
            costs = costs.where(F.col("team") == team_name(F.lit(self._who.team)))
        newest = costs.agg(F.max("usage_date").alias("newest"))
        recent = costs.crossJoin(newest).where(
            F.col("usage_date") > F.date_sub("newest", _COST_DAYS)
        )
        return (
            recent.groupBy("team", "currency_code")
            .agg(
                F.sum("list_cost").alias("list_cost"),
                F.sum("by_job_tag").alias("by_job_tag"),
                F.sum("by_pipeline_tag").alias("by_pipeline_tag"),
                F.sum("by_usage_tag").alias("by_usage_tag"),
                F.sum("unpriced_quantity").alias("unpriced_quantity"),
                one_unit("unpriced_unit").alias("unpriced_unit"),
                F.max("jobs").alias("jobs"),
            )
            .orderBy(F.col("list_cost").desc(), "team")
            .toPandas()
        )

    def why_none_fails(self) -> str:
        """What it means that no job is failing: none is, or no outcome is known."""
        health = self._about(gold.JOB_HEALTH).where("last_run_id IS NOT NULL")
        return "none" if health.limit(1).count() else "no run of 90 days has a known outcome"

    def why_none_misses(self, at_least: float = 0.0) -> str:
        """What it means that no job is likely to miss: none is, or of none can it be told."""

        def count(condition: str) -> Column:
            return F.count(F.when(F.expr(condition), 1))

        promised, told = (
            self._about(gold.JOB_FORECAST)
            .agg(count("sla_status <> 'no_sla'"), count("sla_status = 'ok'"))
            .collect()[0]
        )
        if not promised:
            return "no job has an SLA (see rightrun sla propose)"
        none = f"none with a probability of {at_least:.0%} or more"
        if told == promised:
            return none
        untold = f"of {promised - told} of the {promised} jobs with an SLA it cannot be told"
        return f"{none}; {untold}" if told else untold

    def why_no_size(self) -> str:
        """What it means that no other size is recommended."""
        assessed = F.count(F.when(F.col("status") == "ok", 1))
        jobs, told = self._about(gold.RIGHTSIZING).agg(F.count("*"), assessed).collect()[0]
        return f"none; {told} of {jobs} jobs could be assessed"

    def not_assessed(self) -> pd.DataFrame:
        """How many jobs have no answer, by question and reason."""
        answers = {asked: self._about(table) for asked, table in gold.QUESTIONS.items()}
        return not_assessed(answers).orderBy("question", F.col("jobs").desc(), "reason").toPandas()

    def quality(self) -> dict[str, pd.DataFrame]:
        """Rules broken in Gold, rows quarantined, jobs without an answer, and how far sources are."""
        broken = self._lakehouse.read(ops.QUALITY).where("violations > 0")
        quarantined = (
            self._lakehouse.read(bronze.QUARANTINE)
            .groupBy("source_table", "reason")
            .agg(F.sum("copies").alias("rows"), F.max("row_json").alias("example"))
            .orderBy(F.col("rows").desc(), "source_table", "reason")
        )
        return {
            "rules broken": broken.orderBy("table_name", "rule", "column_name").toPandas(),
            "rows quarantined": quarantined.toPandas(),
            "jobs without an answer": self.not_assessed(),
            "sources": self._lakehouse.read(nights.SOURCE_FRESHNESS)
            .orderBy("source_table")
            .toPandas(),
        }

    def gaps(self) -> list[str]:
        """A sentence for each source that was left unread for longer than it is safe."""
        gone = {
            "outside": "longer than the share keeps old versions, but no row is lost",
            "lost": "longer than the platform keeps its rows: those of the time between may be lost",
        }
        left = self._lakehouse.read(nights.SOURCE_FRESHNESS).where("gap <> 'within'")
        return [
            f"{row['source_table']} was not read for {row['gap_hours'] / 24:.1f} days,"
            f" {gone[row['gap']]}"
            for row in left.orderBy("source_table").collect()
        ]

    def rules(self) -> tuple[int, list[str]]:
        """How many declared rules were checked, and a sentence for each that is broken."""
        checked = self._lakehouse.read(ops.QUALITY)
        broken = checked.where("violations > 0").orderBy("table_name", "rule", "column_name")
        said = [
            f"{row['violations']} of {row['rows']} rows of {row['table_name']} break the rule"
            f" {row['rule']} of {row['column_name']}"
            for row in broken.collect()
        ]
        return checked.count(), said

    def history(self, key: str) -> History:
        """What the picture of a job shows."""

        def rows(table: Table) -> DataFrame:
            return self._lakehouse.read(table).where(F.col("series_key") == key)

        job = rows(gold.JOBS).collect()[0]
        forecast = rows(gold.JOB_FORECAST).toPandas()
        verdicts = rows(silver.RUN_SLA).select("run_id", "sla_status")
        ended = (
            rows(silver.RUNS)
            .where("status IN ('SUCCEEDED', 'FAILED', 'TIMEOUT') AND NOT never_started")
            .join(verdicts, "run_id", "left")
            .select(
                "started_at",
                F.coalesce("first_success_seconds", "busy_seconds").alias("seconds"),
                F.when(F.col("status") != "SUCCEEDED", "failed")
                .when(F.col("sla_status") == "MISSED", "missed")
                .otherwise("ok")
                .alias("verdict"),
            )
            .where("seconds > 0")
        )
        now = self._now()
        begin = now - timedelta(days=PAST_DAYS)
        runs = ended.where(F.col("started_at") >= F.lit(begin)).orderBy("started_at").toPandas()
        runs["started_at"] = pd.to_datetime(runs["started_at"], utc=True)
        upcoming = (
            rows(gold.RUN_FORECAST)
            .where("scheduled_at IS NOT NULL AND p50_seconds IS NOT NULL")
            .select(
                F.col("scheduled_at").alias("at"),
                F.col("p5_seconds").alias("low"),
                F.col("p50_seconds").alias("middle"),
                F.col("p95_seconds").alias("high"),
            )
            .orderBy("at")
            .toPandas()
        )
        upcoming["at"] = pd.to_datetime(upcoming["at"], utc=True)
        allowed = forecast["allowed_seconds"].astype(float).tolist() if len(forecast) else []
        return History(
            name=str(job["name"] or key),
            now=now,
            runs=runs[["started_at", "seconds", "verdict"]],
            upcoming=upcoming,
            allowed_seconds=allowed[0] if allowed else float("nan"),
        )

    def _now(self) -> datetime:
        """The time that the last night spoke of."""
        told = self._lakehouse.read(ops.POSITIONS).where("input = 'as_of'").select("position")
        moments = [datetime.fromisoformat(row["position"]) for row in told.collect()]
        return max(moments).astimezone(UTC)

    def in_flight(self, limit: int) -> pd.DataFrame:
        """Runs in progress, those most likely to miss first."""
        return (
            self._about(gold.IN_FLIGHT)
            .select(
                *_WHO,
                "run_id",
                "started_at",
                "elapsed_seconds",
                "remaining_p50_seconds",
                "remaining_p95_seconds",
                "expected_end_at",
                *SLA_COLUMNS[:-1],
                "due_at",
                "p_miss",
                "status",
                "reason",
            )
            .orderBy(F.col("p_miss").desc_nulls_last(), "started_at", "run_id")
            .limit(limit)
            .toPandas()
        )

    def growing(self, limit: int) -> pd.DataFrame:
        """Jobs that grow towards their SLA, the soonest first."""
        return (
            self._about(gold.JOB_GROWTH)
            .where("is_over OR crosses_on IS NOT NULL")
            .select(
                *_WHO,
                "typical_seconds",
                "growth_30_days",
                "allowed_seconds",
                "is_over",
                "crosses_on",
                "crosses_earliest",
                "crosses_latest",
            )
            .orderBy("is_over", F.col("crosses_on").asc_nulls_last(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def key_of(self, asked: str) -> str:
        """The series key of a job by its key, its id or its name; UserError unless exactly one."""
        jobs = self._jobs()
        found = (
            jobs.where(
                (F.col("series_key") == asked)
                | (F.col("job_id") == asked)
                | (F.col("name") == asked)
            )
            .select("series_key", "name")
            .limit(6)
            .collect()
        )
        exact = [row for row in found if row["series_key"] == asked]
        if len(exact or found) == 1:
            return str((exact or found)[0]["series_key"])
        if not found:
            raise UserError(f"no job has the key, id or name {asked!r}: see rightrun show jobs")
        keys = ", ".join(row["series_key"] for row in found)
        raise UserError(f"{asked!r} names several jobs: say which of {keys}")

    def job(self, key: str, *, runs: int) -> dict[str, pd.DataFrame]:
        """All about one job: what it is, how it is, what is expected, and its last runs."""

        def rows(table: Table) -> DataFrame:
            return self._lakehouse.read(table).where(F.col("series_key") == key)

        def row(table: Table) -> pd.DataFrame:
            return rows(table).drop(*_KEY).toPandas()

        recent = (
            self._lakehouse.read(silver.RUNS)
            .where(F.col("series_key") == key)
            .orderBy(F.col("started_at").desc(), "run_id")
            .limit(runs)
        )
        cost = ("list_cost", "unpriced_quantity", "unpriced_unit")
        costs = self._lakehouse.read(silver.RUN_COSTS).select("workspace_id", "run_id", *cost)
        slas = self._lakehouse.read(silver.RUN_SLA).select("workspace_id", "run_id", "sla_status")
        listed = (
            recent.join(costs, ["workspace_id", "run_id"], "left")
            .join(slas, ["workspace_id", "run_id"], "left")
            .select(
                "run_id",
                "started_at",
                "status",
                "attempts",
                "busy_seconds",
                "wall_seconds",
                "sla_status",
                *cost,
                "termination_code",
            )
            .orderBy(F.col("started_at").desc())
        )
        # Its SLA and what its schedule is known from are the forecast's.
        next_runs = (
            rows(gold.RUN_FORECAST)
            .orderBy("run_number")
            .limit(runs)
            .select(
                "expected_start_at",
                "expected_end_at",
                "due_at",
                "p_miss",
                *(part.name for part in gold.PARTS_OF_A_MISS),
                "reason",
            )
        )
        return {
            "job": rows(gold.JOBS).toPandas(),
            "health": row(gold.JOB_HEALTH),
            "forecast": row(gold.JOB_FORECAST),
            "next runs": next_runs.toPandas(),
            "in flight": row(gold.IN_FLIGHT),
            "growth": row(gold.JOB_GROWTH),
            "proposed SLA": row(gold.SLA_PROPOSALS),
            "baseline": row(gold.JOB_BASELINE),
            "right-sizing": row(gold.RIGHTSIZING),
            "trends": row(gold.JOB_TRENDS),
            "runs": listed.toPandas(),
        }
