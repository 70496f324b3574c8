"""What is usual of each job, and how each of its latest runs compares, in every metric.

All metrics of all jobs of a bucket are one panel: a job's metric is a series of its own.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from optimizer.baselines import latest, replay
from optimizer.config import BaselineConfig
from optimizer.priors import FleetPriors
from pipeline.decisions.marks import EXPECTED, INCIDENT, marks_in_force
from pipeline.scoring.buckets import score_by_job
from pipeline.scoring.calendars import with_calendar
from pipeline.scoring.fleet_priors import priors_of_the_fleet
from pipeline.scoring.series import LEARNED_FROM, no_answer, no_answer_reason
from pipeline.steps.given import LeftOut
from pipeline.steps.kinds import RecentDays, Whole
from pipeline.tables import gold, silver
from pipeline.tables.ops import DECISIONS

_LEARNED_DAYS: Final = 180
_WEIGHT: Final = 4
"""Rows of a bucket that a run stands for: it has up to five metrics."""
_WAITS: Final = ("queue_seconds", "setup_seconds")
_ADDED_SECONDS: Final = 300.0
_WAIT_CONFIG: Final = BaselineConfig(min_scale_log=0.1)
"""Waits are compared as if they were five minutes longer and varied by a tenth of that at least: most are
nothing at all, and nobody minds one of a minute after many of none."""
_COSTS: Final = ("list_cost", "dbu")
"""Compared by the hour: a run that takes longer costs more, which its duration says. Its length stands for its
input, so that costs which do not depend on it (a cluster that starts) are learned."""
_SEPARATOR: Final = "\n"

_SCHEMA = (
    "job_id string, status string, reason string, runs bigint, center_seconds double,"
    " usual_low_seconds double, usual_high_seconds double, scale_log double,"
    " stretch double, law array<double>, last_run_id string,"
    " last_robust_z double, last_p_value double, last_p_value_short double, last_is_anomaly boolean,"
    " last_is_short boolean, last_shift_ratio double, regime_start timestamp"
)

_ARRAYS: Final = {
    **dict.fromkeys(("attempt_key", "metric", "first_run_key", "mark"), "string"),
    **dict.fromkeys(("started_us", "ended_us", "regime_us", "window_runs"), "bigint"),
    **dict.fromkeys(
        (
            *("value", "center", "usual_low", "usual_high"),
            *("robust_z", "p_value", "p_value_short", "excess"),
            *("shift_ratio", "level_before", "level"),
        ),
        "double",
    ),
    **dict.fromkeys(("is_anomaly", "is_short", "is_shift"), "boolean"),
}
"""What is said of each scored run, as an array a job."""
_OF_FAILED: Final[dict[str, str | bool]] = {
    "attempt_key": "#0",
    "metric": "duration_seconds",
    **dict.fromkeys(("is_anomaly", "is_short", "is_shift"), False),
}
"""What stands for these in the one row of a job whose scoring failed."""
_RUNS_SCHEMA = ", ".join(
    [
        "job_id string, status string, reason string",
        *(f"{name} array<{kind}>" for name, kind in _ARRAYS.items()),
    ]
)


def job_baseline(
    jobs: DataFrame,
    attempts: DataFrame,
    inputs: DataFrame,
    decisions: DataFrame,
    priors: DataFrame,
    *,
    holidays: Sequence[date],
    left_out: Sequence[LeftOut],
) -> DataFrame:
    """gold.job_baseline from gold.jobs, silver.attempts, silver.attempt_inputs and ops.decisions, and
    model.fleet_priors of the night before."""
    fleet = priors_of_the_fleet(priors)

    def score(runs: pd.DataFrame) -> pd.DataFrame:
        return latest(_as_learned(runs, holidays, left_out), priors=fleet)

    # Attempts are told apart by `run_id#attempt` inside, and are named by their run outside.
    scored = (
        score_by_job(
            _learned(jobs, attempts, inputs, decisions).where("NOT is_continuous"),
            score,
            _SCHEMA,
            counted=attempts,
        )
        .withColumnRenamed("job_id", "series_key")
        .withColumnRenamed("runs", "learned")
        .withColumn("last_run_id", F.substring_index("last_run_id", "#", 1))
    )
    return (
        jobs.select("workspace_id", "series_key", "is_continuous")
        .join(scored, "series_key", "left")
        .withColumn("status", F.coalesce("status", no_answer()))
        .withColumn(
            "reason",
            F.when(F.col("learned").isNull(), no_answer_reason()).otherwise(
                F.coalesce("reason", F.lit(""))
            ),
        )
        .withColumn("runs", F.coalesce("learned", F.lit(0)).cast("bigint"))
        .select(*gold.JOB_BASELINE.column_names)
    )


def run_scores(
    jobs: DataFrame,
    attempts: DataFrame,
    inputs: DataFrame,
    task_runs: DataFrame,
    run_costs: DataFrame,
    decisions: DataFrame,
    priors: DataFrame,
    *,
    as_of: datetime,
    last_cost_day: date | None,
    holidays: Sequence[date],
    left_out: Sequence[LeftOut],
) -> DataFrame:
    """model.run_scores from gold.jobs, silver.attempts, silver.attempt_inputs, silver.task_runs,
    silver.run_costs and ops.decisions, and model.fleet_priors of the night before."""
    fleet = priors_of_the_fleet(priors)
    run = ["workspace_id", "run_id"]
    setups = task_runs.groupBy(*run).agg(F.max("setup_seconds").alias("setup_seconds"))
    costs = run_costs.select(
        *run,
        F.when(F.col("unpriced_quantity") == 0, F.col("list_cost").cast("double")).alias("cost"),
        F.col("usage_quantity").cast("double").alias("quantity"),
    )
    # A run that may still be billed has no cost yet; cost and setup are the whole run's.
    is_billed = F.lit(last_cost_day is not None) & (
        F.to_date("ended_at") <= F.lit(last_cost_day).cast("date")
    )
    is_first = F.col("attempt") == 0
    ends = ~F.col("is_continuous")
    of_run = Window.partitionBy(*run)
    hours = F.nullif(F.col("duration_seconds") / 3600, F.lit(0.0))
    rows = (
        _learned(jobs, attempts, inputs, decisions)
        .join(setups, run, "left")
        .join(costs, run, "left")
        .withColumns(
            {
                "queue_seconds": F.when(ends, F.col("queue_seconds")),
                "setup_seconds": F.when(ends & is_first, F.col("setup_seconds")),
                "list_cost": F.when(ends & is_first & is_billed, F.col("cost")),
                "dbu": F.when(ends & is_first & is_billed, F.col("quantity")),
                "hourly_list_cost": F.when(~ends & is_billed, F.col("cost") / hours),
                "run_hours": F.sum(_milliseconds("duration_seconds")).over(of_run) / 3_600_000,
            }
        )
        .drop(*run, "cost", "quantity", "attempt")
    )
    since = pd.Timestamp(as_of) - pd.Timedelta(days=gold.RUN_BASELINE_DAYS)
    scored = score_by_job(
        rows,
        lambda runs: _scores(_as_learned(runs, holidays, left_out), since, fleet),
        _RUNS_SCHEMA,
        counted=attempts,
        weight=_WEIGHT,
    )
    # Of a job whose scoring failed there are no arrays, and a row that says so.
    each = (
        scored.where("status <> 'ok' OR size(value) > 0")
        .select("job_id", "status", "reason", F.explode_outer(F.arrays_zip(*_ARRAYS)).alias("run"))
        .select(
            F.col("job_id").alias("series_key"),
            "status",
            "reason",
            *(F.col("run")[name].alias(name) for name in _ARRAYS if name not in _OF_FAILED),
            *(
                F.coalesce(F.col("run")[name], F.lit(value)).alias(name)
                for name, value in _OF_FAILED.items()
            ),
        )
    )
    return each.withColumns(
        {
            "workspace_id": F.substring_index("series_key", "/", 1),
            "run_id": F.substring_index("attempt_key", "#", 1),
            "attempt": F.substring_index("attempt_key", "#", -1).cast("int"),
            "first_run_id": F.substring_index("first_run_key", "#", 1),
            **{f"{name}_at": F.timestamp_micros(f"{name}_us") for name in ("started", "ended")},
            "regime_start": F.timestamp_micros("regime_us"),
        }
    ).select(*gold.RUN_SCORES.column_names)


def _milliseconds(seconds: str) -> Column:
    """Whole ones, whose sums do not depend on the order of rows."""
    return F.round(F.col(seconds) * 1000).cast("bigint")


def _learned(
    jobs: DataFrame, attempts: DataFrame, inputs: DataFrame, decisions: DataFrame
) -> DataFrame:
    """Attempts that ended in a known way, with what their job and people say of them; `job_id` is their
    series, `run_key` their own key."""
    attempt = ["workspace_id", "run_id", "attempt"]
    return (
        attempts.where(
            F.col("status").isin(*LEARNED_FROM)
            & ~F.col("never_started")
            & F.col("ended_at").isNotNull()
        )
        .join(
            jobs.select("workspace_id", "series_key", "is_continuous", "timezone"),
            ["workspace_id", "series_key"],
        )
        .join(marks_in_force(decisions), ["workspace_id", "run_id"], "left")
        .join(inputs.select(*attempt, "input_bytes"), attempt, "left")
        .select(
            F.col("series_key").alias("job_id"),
            "workspace_id",
            "run_id",
            "attempt",
            F.concat_ws("#", "run_id", "attempt").alias("attempt_key"),
            F.col("started_at").alias("start_time"),
            "ended_at",
            "duration_seconds",
            "queue_seconds",
            "status",
            "is_continuous",
            "timezone",
            F.col("input_bytes").cast("double").alias("input_bytes"),
            "mark",
        )
    )


def _as_learned(
    runs: pd.DataFrame, holidays: Sequence[date], left_out: Sequence[LeftOut]
) -> pd.DataFrame:
    """Rows of `_learned` as `optimizer.baselines` takes them."""
    return with_calendar(runs, holidays, left_out).assign(
        run_id=runs["attempt_key"],
        is_expected=(runs["mark"] == EXPECTED).to_numpy(),
        is_incident=(runs["mark"] == INCIDENT).to_numpy(),
    )


def _scores(runs: pd.DataFrame, since: pd.Timestamp, priors: FleetPriors) -> pd.DataFrame:
    """One row a job: each metric of its runs since then, and of those with which a level was found to
    have changed, that could be judged."""
    measured = _measured(runs)
    is_wait = measured["metric"].isin(_WAITS)
    scores = pd.concat(
        replay(measured[which], value="value", config=config, priors=taught)
        for which, config, taught in (
            (~is_wait, BaselineConfig(), priors),
            # Who waits longer at the turn of a month, no night has learned.
            (is_wait, _WAIT_CONFIG, None),
        )
    )
    judged = _judged(measured, scores.reindex(measured.index), since)
    judged = judged.sort_values(["job", "start_time", "run_id", "metric"], kind="stable")
    job_ids = np.sort(runs["job_id"].unique())
    ends = np.searchsorted(judged["job"], job_ids, side="right")[:-1]
    out = pd.DataFrame({"job_id": job_ids, "status": "ok", "reason": ""})
    for name in _ARRAYS:
        values = judged[name].astype(object).to_numpy(copy=True)
        values[judged[name].isna().to_numpy()] = None
        out[name] = [part.tolist() for part in np.split(values, ends)]
    return out


def _measured(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a run and metric that it has: its job's metric is a series, `value` what is compared."""
    parts = []
    metrics = (*gold.METRICS, *gold.CONTINUOUS_METRICS)
    # What no run has comes without a type.
    runs = runs.astype(dict.fromkeys((*metrics, "run_hours", "input_bytes"), "float64"))
    for metric in metrics:
        has_it = runs[metric].notna()
        if metric == "duration_seconds":
            has_it &= ~runs["is_continuous"].astype(bool)
        if metric in _COSTS:
            has_it &= runs["run_hours"] > 0
        part = runs[has_it]
        added = _ADDED_SECONDS if metric in _WAITS else 0.0
        unit = part["run_hours"] if metric in _COSTS else 1.0
        parts.append(
            part.assign(
                job=part["job_id"],
                job_id=part["job_id"] + f"{_SEPARATOR}{metric}",
                metric=metric,
                added=added,
                unit=unit,
                value=part[metric] / unit + added,
                input_bytes=unit if metric in _COSTS else part["input_bytes"],
            )
        )
    return pd.concat(parts, ignore_index=True)


def _judged(measured: pd.DataFrame, scores: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """The rows of `measured` that are kept, with their scores in the metric's own unit."""
    is_kept = scores["center"].notna() & ((measured["start_time"] >= since) | scores["shift"])
    rows, scored = measured[is_kept], scores[is_kept]

    def of_run(compared: "pd.Series[Any]") -> "pd.Series[Any]":
        return ((compared - rows["added"]) * rows["unit"]).clip(lower=0.0)

    def level(compared: "pd.Series[Any]") -> "pd.Series[Any]":
        return (compared - rows["added"]).where(scored["shift"]).clip(lower=0.0)

    value, center = of_run(rows["value"]), of_run(scored["center"])
    # DBU beyond what is usual cost as much a unit as the run's others.
    share = 1.0 - center / value.where(value > 0)
    excess = (value - center).where(rows["metric"] != "dbu", rows["list_cost"] * share)
    first_runs = measured.drop_duplicates(["job_id", "start_time"]).set_index(
        ["job_id", "start_time"]
    )["run_id"]
    began = pd.MultiIndex.from_arrays([rows["job_id"], scored["regime_start"]])
    return rows.assign(
        attempt_key=rows["run_id"],
        started_us=_micros(rows["start_time"]),
        ended_us=_micros(rows["ended_at"]),
        value=value,
        center=center,
        usual_low=of_run(scored["usual_low"]),
        usual_high=of_run(scored["usual_high"]),
        **{name: scored[name] for name in ("robust_z", "p_value", "p_value_short", "is_anomaly")},
        # Only a run can be too short: what costs or waits less harms nobody.
        is_short=scored["is_short"] & (rows["metric"] == "duration_seconds"),
        is_shift=scored["shift"],
        shift_ratio=scored["shift_ratio"],
        level_before=level(scored["center"]),
        level=level(scored["center"] * scored["shift_ratio"]),
        regime_us=_micros(scored["regime_start"])
        .where(scored["regime_start"].notna())
        .astype("Int64"),
        first_run_key=first_runs.reindex(began).where(scored["shift"].to_numpy()).to_numpy(),
        window_runs=scored["window_runs"],
        excess=excess,
    )


def _micros(times: "pd.Series[Any]") -> "pd.Series[Any]":
    """Microseconds since 1970 of times in UTC, whatever their unit."""
    # No times at all have no type of their own.
    known = pd.to_datetime(times, utc=True)
    micros: pd.Series[Any] = known.dt.tz_localize(None).astype("datetime64[us]").astype("int64")
    return micros


def run_baseline(scores: DataFrame, *, as_of: datetime) -> DataFrame:
    """gold.run_baseline from model.run_scores: what was said of durations."""
    since = F.lit(as_of - timedelta(days=gold.RUN_BASELINE_DAYS))
    of_durations = scores.where(
        (F.col("metric") == "duration_seconds") & (F.col("started_at") >= since)
    )
    return of_durations.withColumns(
        {
            "duration_seconds": F.col("value"),
            "ratio": F.col("value") / F.nullif(F.col("center"), F.lit(0.0)),
            "center_seconds": F.col("center"),
            "usual_low_seconds": F.col("usual_low"),
            "usual_high_seconds": F.col("usual_high"),
        }
    ).select(*gold.RUN_BASELINE.column_names)


STEPS = (
    RecentDays(
        name="job_baseline",
        run=job_baseline,
        reads=(
            *(gold.JOBS, silver.ATTEMPTS, silver.ATTEMPT_INPUTS, DECISIONS),
            gold.FLEET_PRIORS,
        ),
        writes=gold.JOB_BASELINE,
        days=_LEARNED_DAYS,
    ),
    RecentDays(
        name="run_scores",
        run=run_scores,
        reads=(
            gold.JOBS,
            silver.ATTEMPTS,
            silver.ATTEMPT_INPUTS,
            silver.TASK_RUNS,
            silver.RUN_COSTS,
            DECISIONS,
            gold.FLEET_PRIORS,
        ),
        writes=gold.RUN_SCORES,
        days=_LEARNED_DAYS,
    ),
    Whole(
        name="run_baseline",
        run=run_baseline,
        reads=(gold.RUN_SCORES,),
        writes=gold.RUN_BASELINE,
    ),
)
