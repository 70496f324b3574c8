"""The questions a platform engineer asks first, as queries on Gold, and on what stands beneath it where
a job's own runs, or what was not understood of a source, are asked for.

Each answer is a small frame: ranked, limited, with names beside keys. Filters are by team and owner.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.answers.history import PAST_DAYS, History
from pipeline.errors import UserError
from pipeline.expressions.money import one_unit
from pipeline.gold.assessments import not_assessed
from pipeline.gold.runs import worst_margin
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.near_names import did_you_mean
from pipeline.sla.decided import sla_decisions, unreadable
from pipeline.sla.precedence import SLA_COLUMNS, by_precedence, renamed_decided
from pipeline.sla.terms import Terms, read_terms
from pipeline.tables import bronze, gold, ops, silver
from pipeline.tables.declaration import Table
from pipeline.tables.derive import without
from pipeline.tables.source import SOURCE_TABLES

_KEY = ["workspace_id", "series_key"]
_WHO = ("series_key", "name", "team", "owner", "tier")
_COST_DAYS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NAMES = 8
_SCATTERED = 5
"""Names that are used once each, and alike but for a number, before a rule for them is asked for."""
_RECOGNISED_BY = {
    "job_id": "its job id",
    "run_name": "the name that its runs are submitted under",
    "run_name_by_rules": "the name that its runs are submitted under, without what is new in it each"
    " time (run_name_rules)",
    "run_name_and_tasks": "its first tasks, in brackets: the name that its runs are submitted under says"
    " nothing of what runs (default_run_names)",
    "tasks": "its first tasks: its runs are submitted without a name that stays",
    "shared_run_name": "a name that says nothing of what runs (default_run_names), and no task tells its"
    " runs apart: unlike works may be mixed here",
    "nothing": "nothing: a submitted run without a name that stays, and without tasks",
}
_PLAIN_WORD = "^[A-Z_]{1,40}$"


@dataclass(frozen=True, slots=True)
class Filter:
    """Whose jobs to speak of; None is everyone's."""

    team: str | None = None
    owner: str | None = None

    @classmethod
    def among(cls, lakehouse: Lakehouse, team: str | None, owner: str | None) -> "Filter":
        """The filter by a team and an owner that are there; UserError with near names otherwise.

        A part of a name is enough where no other name has it.
        """
        if team is not None:
            named = (lakehouse.read(table) for table in (gold.JOBS, gold.TEAM_COST_DAILY))
            written = re.sub(r"[\s_-]+", "-", team.strip())
            team = _meant("team", written, [rows.select("team") for rows in named])
        if owner is not None:
            owners = lakehouse.read(gold.JOBS).select("owner")
            owner = _meant("owner", owner.strip(), [owners])
        return cls(team, owner)

    def apply(self, jobs: DataFrame) -> DataFrame:
        if self.team is not None:
            jobs = jobs.where(F.col("team") == self.team)
        if self.owner is not None:
            jobs = jobs.where(F.lower("owner") == self.owner.lower())
        return jobs


def _meant(what: str, asked: str, columns: Sequence[DataFrame]) -> str:
    """The one name in `columns` that `asked` is, or is a part of."""
    rows = reduce(DataFrame.union, columns).distinct().collect()
    by_fold: dict[str, str] = {row[0].casefold(): row[0] for row in rows if row[0]}
    names = sorted(by_fold.values())
    folded = asked.casefold()
    if folded in by_fold:
        return by_fold[folded]
    having = [by_fold[fold] for fold in sorted(by_fold) if folded and folded in fold]
    if len(having) == 1:
        return having[0]
    if having:
        raise UserError(
            f"--{what} {asked!r} is a part of several: say which of {', '.join(having)}"
        )
    listed = ", ".join(names[:_MOST_NAMES])
    others = f" and {len(names) - _MOST_NAMES} others" if len(names) > _MOST_NAMES else ""
    every = f"there are {listed}{others}" if names else f"no job says its {what}"
    hint = did_you_mean(asked, names, otherwise=every)
    raise UserError(f"there is no {what} {asked!r}: {hint}")


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
                "series_basis",
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
                F.sum("missed_without_success").alias("missed_without_success"),
                F.min("worst_margin_seconds").alias("worst_margin_seconds"),
            )
            .withColumn("worst_margin_seconds", worst_margin("worst_margin_seconds"))
            .withColumn(
                "compliance", F.col("met") / F.nullif(F.col("met") + F.col("missed"), F.lit(0))
            )
            .orderBy(F.col("compliance").asc_nulls_last(), F.col("missed").desc(), "series_key")
            .limit(limit)
            .toPandas()
        )

    def slas(self, limit: int) -> pd.DataFrame:
        """Jobs with an SLA, or with one that was accepted since the last night."""
        decisions = renamed_decided(self._slas_in_force()).drop("workspace_id")
        jobs = self._jobs().join(decisions, "series_key", "left")
        holds = F.col("sla_source") == F.col("decided_sla_source")
        is_ahead = F.col("sla_kind").isNull() & F.col("decided_sla_source").isNotNull()
        named = by_precedence(
            jobs.withColumn("from_next_night", is_ahead).withColumn("is_decided", holds | is_ahead)
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

    def _slas_in_force(self) -> DataFrame:
        """What people decided and have not taken back, of since the last night as well."""
        decisions = sla_decisions(self._lakehouse.read(ops.DECISIONS))
        return decisions.where("decided_until IS NULL AND sla_source IS NOT NULL")

    def decided_for_no_job(self) -> list[str]:
        """A sentence for each key that the settings or an owner gave an SLA and no job has."""
        known = self._lakehouse.read(gold.JOBS).select("series_key")
        strays = (
            self._slas_in_force()
            .join(known, "series_key", "left_anti")
            .orderBy("series_key")
            .collect()
        )
        if not strays:
            return []
        keys = known.toArrow()["series_key"].to_pylist()
        said = []
        for row in strays:
            hint = did_you_mean(row["series_key"], keys, otherwise="see rightrun show jobs")
            said.append(
                f"no job has the key {row['series_key']!r},"
                f" which has an SLA by {row['sla_source']}: {hint}"
            )
        return said

    def decided_unreadably(self) -> list[str]:
        """A sentence for each job whose last decision is left aside, since it cannot be read."""
        rows = unreadable(self._lakehouse.read(ops.DECISIONS)).orderBy("subject").collect()
        return [
            f"what {row['decided_by']} decided for {row['subject']} is left aside, as it is neither"
            " a duration nor a time of day in a zone that every engine knows: decide again with"
            f' rightrun sla accept {row["subject"]} --as "06:30 Europe/Berlin"'
            for row in rows
        ]

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

    def last_cost_day(self) -> date | None:
        """The last day billed in full when the last night was; None before there is one."""
        day = self._given("last_cost_day").get("job_trends", "None")
        return None if day == "None" else date.fromisoformat(day)

    def cost_by_team(self) -> pd.DataFrame:
        """List cost of the last 30 days that were billed in full, by team; the empty team is
        unattributed."""
        costs = self._lakehouse.read(gold.TEAM_COST_DAILY)
        if self._who.team is not None:
            costs = costs.where(F.col("team") == self._who.team)
        last_day = F.lit(self.last_cost_day()).cast("date")
        recent = costs.where(
            (F.col("usage_date") <= last_day)
            & (F.col("usage_date") > F.date_sub(last_day, _COST_DAYS))
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
            .withColumn("last_cost_day", last_day)
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

    def unknown_results(self) -> pd.DataFrame:
        """Result words that nobody knows, with the attempts that ended so: they teach nothing. What
        is no plain word is counted, but not repeated."""
        days = self._lakehouse.read(gold.JOB_DAILY).where("unknown > 0").limit(1).count()
        if not days:
            return pd.DataFrame(columns=["result_state", "attempts", "jobs", "last_seen_at"])
        spelled = F.upper(F.trim("unknown_result"))
        word = F.when(spelled.rlike(_PLAIN_WORD), spelled)
        return (
            self._lakehouse.read(silver.ATTEMPTS)
            .where("status = 'UNKNOWN'")
            .groupBy(F.coalesce(word, F.lit("(no plain word)")).alias("result_state"))
            .agg(
                F.count("*").alias("attempts"),
                F.count_distinct("series_key").alias("jobs"),
                F.max("ended_at").alias("last_seen_at"),
            )
            .orderBy(F.col("attempts").desc(), "result_state")
            .toPandas()
        )

    def shared_names(self) -> pd.DataFrame:
        """Default names of submitted runs whose works nothing tells apart."""
        return (
            self._lakehouse.read(gold.JOBS)
            .where("series_basis = 'shared_run_name'")
            .select("series_key", "runs", "last_run_date")
            .orderBy(F.col("runs").desc(), "series_key")
            .toPandas()
        )

    def scattered_names(self) -> pd.DataFrame:
        """Names of submitted runs that were used once each, and differ in a number only."""
        name = F.regexp_replace("name", "[0-9a-f]*[0-9][0-9a-f]*", "*").alias("name")
        return (
            self._lakehouse.read(gold.JOBS)
            .where("series_basis IN ('run_name', 'run_name_by_rules') AND runs = 1")
            .groupBy(name)
            .agg(F.count("*").alias("series"), F.max("last_run_date").alias("last_run_date"))
            .where(F.col("series") >= _SCATTERED)
            .orderBy(F.col("series").desc(), "name")
            .toPandas()
        )

    def quality(self) -> dict[str, pd.DataFrame]:
        """Rules broken in Gold, rows quarantined, result words that nobody knows, names that unlike
        works may share or that may be of one work, jobs without an answer, and how far sources are."""
        broken = self._lakehouse.read(ops.QUALITY).where("violations > 0")
        quarantined = (
            self._lakehouse.read(bronze.QUARANTINE)
            .groupBy("source_table", "reason", "is_kept")
            .agg(F.sum("copies").alias("rows"))
            .orderBy(F.col("rows").desc(), "source_table", "reason")
        )
        return {
            "rules broken": broken.orderBy("table_name", "rule", "column_name").toPandas(),
            "rows quarantined": quarantined.toPandas(),
            "result words not known": self.unknown_results(),
            "names that unlike works may share": self.shared_names(),
            "names that may be of one series": self.scattered_names(),
            "jobs without an answer": self.not_assessed(),
            "sources": self._lakehouse.read(gold.SOURCE_FRESHNESS)
            .orderBy("source_table")
            .toPandas(),
        }

    def gaps(self) -> list[str]:
        """A sentence for each source that was left unread for longer than it is safe."""
        gone = {
            "outside": "longer than the share keeps old versions, but no row is lost",
            "lost": "longer than the platform keeps its rows: those of the time between may be lost",
        }
        left = self._lakehouse.read(gold.SOURCE_FRESHNESS).where("gap <> 'within'")
        return [
            f"{row['source_table']} was not read for {row['gap_hours'] / 24:.1f} days,"
            f" {gone[row['gap']]}"
            for row in left.orderBy("source_table").collect()
        ]

    def ahead(self) -> list[str]:
        """A sentence for each source with rows whose clock is wrong."""
        rows = self._lakehouse.read(gold.SOURCE_FRESHNESS).where("ahead_hours > 0")
        return [
            f"rows of {row['source_table']} are up to {row['ahead_hours']:.1f} hours ahead of"
            f" {_EPOCH + timedelta(microseconds=row['reached_us']):%Y-%m-%d %H:%M} UTC, the time that"
            " it has reached without them: their clock seems wrong, and no verdict goes by it"
            for row in rows.withColumn("reached_us", F.unix_micros("reached_at"))
            .orderBy("source_table")
            .collect()
        ]

    def absent_columns(self) -> list[str]:
        """A sentence for each column that a source table came without, and an answer depends on."""
        table_of = {table.system_name: table for table in SOURCE_TABLES}
        delivered = self._lakehouse.read(gold.SOURCE_FRESHNESS).orderBy("source_table").collect()
        return [
            sentence
            for row in delivered
            for sentence in without(table_of[row["source_table"]], row["columns_absent"] or ())
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
        """The time that the last forecast of runs spoke of."""
        times = self._given("as_of")
        latest = times.get("run_forecast") or max(times.values())
        return datetime.fromisoformat(latest).astimezone(UTC)

    def _given(self, name: str) -> dict[str, str]:
        """What the last night gave to steps under this name, by step."""
        rows = self._lakehouse.read(ops.POSITIONS).where(F.col("input") == name).collect()
        return {row["reader"]: row["position"] for row in rows}

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
            spelled = "series_key" if "/" in asked else "name"
            names = [row[0] for row in jobs.select(spelled).distinct().collect() if row[0]]
            hint = did_you_mean(asked, names, otherwise="see rightrun show jobs")
            raise UserError(f"no job has the key, id or name {asked!r}: {hint}")
        keys = ", ".join(row["series_key"] for row in found)
        raise UserError(f"{asked!r} names several jobs: say which of {keys}")

    def job(self, key: str, *, runs: int) -> dict[str, pd.DataFrame]:
        """All about one job: what it is, how it is, what is expected, and its last runs."""

        def rows(table: Table) -> DataFrame:
            return self._lakehouse.read(table).where(F.col("series_key") == key)

        def row(table: Table) -> pd.DataFrame:
            return rows(table).orderBy(*table.keys).drop(*_KEY).toPandas()

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
        job = rows(gold.JOBS).toPandas()
        return {
            "job": job.assign(recognised_by=job["series_basis"].map(_RECOGNISED_BY)),
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
