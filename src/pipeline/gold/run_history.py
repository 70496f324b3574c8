"""Each run by itself: what became of it, what failed first, its SLA and its cost."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_sum
from pipeline.steps.kinds import ByDatedKey
from pipeline.tables import gold, silver
from pipeline.tables.silver.sla import SLA

_RUN = ["workspace_id", "run_id"]
_FAILURES = ("FAILED", "TIMEOUT")


def run_history(
    runs: DataFrame,
    attempts: DataFrame,
    task_runs: DataFrame,
    run_sla: DataFrame,
    run_costs: DataFrame,
) -> DataFrame:
    """gold.run_history from silver.runs, silver.attempts, silver.task_runs, silver.run_sla and
    silver.run_costs.

    What is dated before its run is left out, so that no earlier day need be read for it.
    """
    failed = _failed(attempts)
    tried = (
        task_runs.where("run_id IS NOT NULL")
        .join(runs.select(*_RUN, "run_date"), _RUN)
        .where("task_run_date >= run_date")
    )
    billed = (
        run_costs.join(runs.select(*_RUN, "run_date"), _RUN)
        .where("cost_date >= run_date")
        .select(
            *_RUN,
            "list_cost",
            "currency_code",
            "unpriced_quantity",
            "unpriced_unit",
            "last_usage_date",
        )
    )
    judged = run_sla.select(
        *_RUN,
        *(column.name for column in SLA),
        "due_at",
        "margin_seconds",
        "sla_status",
    )
    return (
        runs.join(failed, _RUN, "left")
        .join(_failed_task(tried, failed), _RUN, "left")
        .join(_tasks(tried), _RUN, "left")
        .join(judged, _RUN, "left")
        .join(billed, _RUN, "left")
        .withColumns(
            {
                "failed_attempts": F.coalesce("failed_attempts", F.lit(0)),
                "lost_seconds": F.coalesce("lost_seconds", F.lit(0.0)),
            }
        )
        .select(*gold.RUN_HISTORY.column_names)
    )


def _failed(attempts: DataFrame) -> DataFrame:
    """Of each run with an attempt that failed or timed out: how many, how long, and why the first."""

    def of_first(value: str) -> Column:
        return F.min_by(value, "attempt")

    return (
        attempts.where(F.col("status").isin(*_FAILURES))
        .groupBy(*_RUN)
        .agg(
            F.count("*").alias("failed_attempts"),
            exact_sum(F.col("duration_seconds")).alias("lost_seconds"),
            of_first("termination_code").alias("first_termination_code"),
            of_first("failure_class").alias("first_failure_class"),
            of_first("ended_at").alias("first_failed_at"),
        )
    )


def _failed_task(tried: DataFrame, failed: DataFrame) -> DataFrame:
    """The task that failed first by the end of the first attempt that failed; of its tries the last says
    whether it failed, so a task that came right when it was tried again is none."""
    started = F.concat(F.unix_micros("started_at").cast("string"), "task_run_id")
    last_tries = (
        tried.where("task_key IS NOT NULL")
        .join(failed.select(*_RUN, "first_failed_at"), _RUN)
        .where("started_at <= first_failed_at")
        .groupBy(*_RUN, "task_key")
        .agg(
            F.max_by("status", started).alias("last_status"),
            F.max_by("seen_until", started).alias("seen_until"),
        )
    )
    ended = F.concat(F.unix_micros("seen_until").cast("string"), "task_key")
    return (
        last_tries.where(F.col("last_status").isin(*_FAILURES))
        .groupBy(*_RUN)
        .agg(F.min_by("task_key", ended).alias("failed_task_key"))
    )


def _tasks(tried: DataFrame) -> DataFrame:
    names_cluster = F.max(F.size("cluster_ids") > 0)
    names_warehouse = F.max(F.size("warehouse_ids") > 0)
    return tried.groupBy(*_RUN).agg(
        F.max("setup_seconds").alias("setup_seconds"),
        F.when(names_cluster & names_warehouse, F.lit("both"))
        .when(names_cluster, F.lit("cluster"))
        .when(names_warehouse, F.lit("warehouse"))
        .otherwise(F.lit("none_named"))
        .alias("compute"),
    )


STEPS = (
    ByDatedKey(
        name="run_history",
        run=run_history,
        reads=(
            silver.RUNS,
            silver.ATTEMPTS,
            silver.TASK_RUNS,
            silver.RUN_SLA,
            silver.RUN_COSTS,
        ),
        writes=gold.RUN_HISTORY,
        key=("workspace_id", "run_id"),
    ),
)
