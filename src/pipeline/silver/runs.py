"""Runs, attempts and task runs from hourly slices.

The source cuts a run's time into slices (by clock hours since January 2026, by hours from its
start before) and puts the outcome on the last slice of each attempt only. A repair keeps the run id
and adds slices and another end row. So attempt k of a run is the slices that come after k earlier
end rows, in the order of time; this holds under both ways of slicing.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.expressions.exact_sums import exact_sum
from pipeline.silver.outcome import failure_class, micros_between, status
from pipeline.silver.series import with_series
from pipeline.steps.kinds import ByDatedKey
from pipeline.tables import bronze, silver

_MICROS = 1e6
_A_MONDAY = date(2024, 1, 1)
_CLUSTER_ID = "^[0-9]{4}-[0-9]{6}-"
_TIMES_DIGITS = 2 * 16
_ATTEMPT_DIGITS = 10
_ANY = 2**30


def _reported(phase: str) -> Column:
    """A literal 0 means not reported: multi-task jobs carry it on every run."""
    return F.nullif(F.col(f"{phase}_duration_seconds"), F.lit(0)).cast("double")


def _monday(day: Column) -> Column:
    """The Monday of the day's week, counted from one: Sail's weekday of a Sunday is not Spark's."""
    return F.date_sub(day, F.pmod(F.datediff(day, F.lit(_A_MONDAY)), F.lit(7)))


def _sorting(*times: str) -> Column:
    """Text that sorts as the times do: from 2001 to 2286 each has 16 digits of microseconds, and
    bronze holds no other."""
    return F.concat(*(F.unix_micros(time).cast("string") for time in times))


def _of_largest(place: Column, value: str | Column, digits: int) -> Column:
    """What the row of a group says whose `place`, a text of that many digits, is the largest; rows
    without a place say nothing. Engines keep one array of such maxima for all groups, but an object
    for each group's `max_by`."""
    largest = F.max(F.concat(place, F.coalesce(value, F.lit(""))))
    return F.nullif(F.substring(largest, digits + 1, _ANY), F.lit(""))


def _distinct(column: str) -> Column:
    """The values in all lists of a group, sorted. One list of one value, as most groups have, is
    that already, and joining and sorting lists is slow."""
    lists = F.collect_list(column)
    only = F.element_at(lists, 1)
    return F.when((F.size(lists) == 1) & (F.size(only) < 2), only).otherwise(
        F.array_sort(F.array_distinct(F.flatten(lists)))
    )


def attempts(
    slices: DataFrame,
    task_runs: DataFrame,
    *,
    run_name_rules: Mapping[str, str],
    default_run_names: Sequence[str],
) -> DataFrame:
    """silver.attempts from bronze.job_run_timeline and silver.task_runs."""
    ended = F.col("result_state").isNotNull()
    place = _sorting("period_start_time", "period_end_time")
    # Most runs have one slice, and nothing to number: a window that sorts all takes three times as
    # long as looking up the others.
    numbering = (
        slices.groupBy("workspace_id", "run_id")
        .agg(
            F.min("period_start_time").alias("run_started_at"),
            F.collect_list(F.when(ended, place)).alias("end_places"),
            F.count("*").alias("run_slices"),
        )
        .where("run_slices > 1")
    )
    earlier = F.filter("end_places", lambda end: end < place)
    numbered = numbering.join(slices, ["workspace_id", "run_id"], "right").select(
        *slices.columns,
        F.coalesce(F.size(earlier), F.lit(0)).alias("attempt"),
        F.to_date(F.coalesce("run_started_at", "period_start_time")).alias("run_date"),
    )
    result = F.max("result_state")
    gathered = numbered.groupBy("run_date", "workspace_id", "run_id", "attempt").agg(
        F.max("job_id").alias("job_id"),
        F.coalesce(F.max("run_type"), F.lit("JOB_RUN")).alias("run_type"),
        F.max("run_name").alias("run_name"),
        F.max("trigger_type").alias("trigger_type"),
        F.max("source_task_run_id").alias("source_task_run_id"),
        F.min("period_start_time").alias("started_at"),
        F.max("period_end_time").alias("seen_until"),
        F.sum(micros_between(F.col("period_start_time"), F.col("period_end_time"))).alias("micros"),
        F.max(_reported("queue")).alias("queue_seconds"),
        status(result).alias("status"),
        result.alias("result_state"),
        F.max("termination_code").alias("termination_code"),
        F.count("*").alias("slices"),
    )
    with_keys = with_series(
        gathered,
        slices,
        task_runs,
        run_name_rules=run_name_rules,
        default_run_names=default_run_names,
    )
    return with_keys.select(
        "run_date",
        "workspace_id",
        "job_id",
        "series_key",
        "series_basis",
        "run_id",
        "attempt",
        "run_type",
        "run_name",
        "trigger_type",
        "source_task_run_id",
        "started_at",
        F.when(F.col("status") != "IN_FLIGHT", F.col("seen_until")).alias("ended_at"),
        "seen_until",
        (F.col("micros") / _MICROS).alias("duration_seconds"),
        "queue_seconds",
        "status",
        F.when(F.col("status") == "UNKNOWN", F.col("result_state")).alias("unknown_result"),
        "termination_code",
        failure_class(F.col("status"), F.col("termination_code")).alias("failure_class"),
        ((F.col("micros") == 0) & (F.col("status") != "IN_FLIGHT")).alias("never_started"),
        "slices",
    )


def runs(attempts: DataFrame) -> DataFrame:
    """silver.runs from silver.attempts: the outcome is that of the last attempt."""
    place = F.lpad(F.col("attempt").cast("string"), _ATTEMPT_DIGITS, "0")
    ended = F.unix_micros("ended_at").cast("string")
    micros = F.round(F.col("duration_seconds") * _MICROS).cast("bigint")

    def of_last(value: str | Column) -> Column:
        return _of_largest(place, value, _ATTEMPT_DIGITS)

    def of_first_success(micros: Column) -> Column:
        successes = F.when(F.col("status") == "SUCCEEDED", F.concat(place, micros.cast("string")))
        return F.substring(F.min(successes), _ATTEMPT_DIGITS + 1, _ANY).cast("bigint")

    gathered = attempts.groupBy("run_date", "workspace_id", "run_id").agg(
        F.max("job_id").alias("job_id"),
        F.max("series_key").alias("series_key"),
        F.max("series_basis").alias("series_basis"),
        F.max("run_type").alias("run_type"),
        F.max("run_name").alias("run_name"),
        F.max("trigger_type").alias("trigger_type"),
        F.max("source_task_run_id").alias("source_task_run_id"),
        F.min("started_at").alias("started_at"),
        F.max("seen_until").alias("seen_until"),
        F.timestamp_micros(of_last(ended).cast("bigint")).alias("ended_at"),
        F.sum(micros).alias("busy_micros"),
        exact_sum(F.col("queue_seconds")).alias("queue_seconds"),
        F.count("*").cast("int").alias("attempts"),
        of_last("status").alias("status"),
        of_last("termination_code").alias("termination_code"),
        of_last("failure_class").alias("failure_class"),
        F.min("never_started").alias("never_started"),
        F.timestamp_micros(of_first_success(F.unix_micros("ended_at"))).alias("first_success_at"),
        (of_first_success(micros) / _MICROS).alias("first_success_seconds"),
    )
    return gathered.select(
        "run_date",
        _monday(F.col("run_date")).alias("run_week"),
        "workspace_id",
        "job_id",
        "series_key",
        "series_basis",
        "run_id",
        "run_type",
        "run_name",
        "trigger_type",
        "source_task_run_id",
        "started_at",
        "ended_at",
        (F.col("busy_micros") / _MICROS).alias("busy_seconds"),
        (micros_between(F.col("started_at"), F.col("seen_until")) / _MICROS).alias("wall_seconds"),
        "queue_seconds",
        "attempts",
        (F.col("attempts") - 1).alias("repairs"),
        "status",
        "termination_code",
        "failure_class",
        "never_started",
        "first_success_at",
        "first_success_seconds",
    )


def task_runs(slices: DataFrame) -> DataFrame:
    """silver.task_runs from bronze.job_task_run_timeline."""
    ended = F.col("result_state").isNotNull()
    end, start = F.col("period_end_time"), F.col("period_start_time")
    # Of the slices with a result the one that ends last speaks, and of those that starts last.
    place = _sorting("period_end_time", "period_start_time")

    def of_last(name: str) -> Column:
        return _of_largest(F.when(ended, place), name, _TIMES_DIGITS)

    typed = F.col("compute")
    is_typed = F.coalesce(F.size(typed) > 0, F.lit(False))
    untyped = F.coalesce(F.col("compute_ids"), F.array().cast("array<string>"))
    clusters = F.when(
        is_typed, F.filter(F.transform(typed, lambda c: c["cluster_id"]), lambda i: i.isNotNull())
    ).otherwise(F.filter(untyped, lambda i: i.rlike(_CLUSTER_ID)))
    warehouses = F.when(
        is_typed, F.filter(F.transform(typed, lambda c: c["warehouse_id"]), lambda i: i.isNotNull())
    ).otherwise(F.filter(untyped, lambda i: ~i.rlike(_CLUSTER_ID)))
    gathered = (
        slices.withColumn("row_clusters", clusters)
        .withColumn("row_warehouses", warehouses)
        .groupBy("workspace_id", F.col("run_id").alias("task_run_id"))
        .agg(
            F.to_date(F.min("period_start_time")).alias("task_run_date"),
            F.max("job_id").alias("job_id"),
            F.max("job_run_id").alias("run_id"),
            F.max("task_key").alias("task_key"),
            F.min("period_start_time").alias("started_at"),
            F.max("period_end_time").alias("seen_until"),
            F.sum(micros_between(F.col("period_start_time"), F.col("period_end_time"))).alias(
                "micros"
            ),
            F.max(_reported("setup")).alias("setup_seconds"),
            F.max(_reported("execution")).alias("execution_seconds"),
            F.max(F.when(~ended, start)).alias("open_start"),
            F.max(F.when(ended, end)).alias("last_end"),
            of_last("result_state").alias("result_state"),
            of_last("termination_code").alias("termination_code"),
            _distinct("row_clusters").alias("cluster_ids"),
            _distinct("row_warehouses").alias("warehouse_ids"),
        )
        # A slice without a result that starts at or after the last end: the task is running again.
        .withColumn("is_open", F.coalesce(F.col("open_start") >= F.col("last_end"), F.lit(False)))
        .withColumn("status", status(F.when(~F.col("is_open"), F.col("result_state"))))
    )
    return gathered.select(
        "task_run_date",
        "workspace_id",
        "job_id",
        "task_run_id",
        "run_id",
        "task_key",
        "started_at",
        F.when(F.col("status") != "IN_FLIGHT", F.col("seen_until")).alias("ended_at"),
        "seen_until",
        (F.col("micros") / _MICROS).alias("duration_seconds"),
        "setup_seconds",
        "execution_seconds",
        "status",
        "termination_code",
        failure_class(F.col("status"), F.col("termination_code")).alias("failure_class"),
        "cluster_ids",
        "warehouse_ids",
    )


STEPS = (
    ByDatedKey(
        name="attempts",
        run=attempts,
        reads=(bronze.JOB_RUN_TIMELINE, silver.TASK_RUNS),
        writes=silver.ATTEMPTS,
        key=("workspace_id", "run_id"),
    ),
    ByDatedKey(
        name="runs",
        run=runs,
        reads=(silver.ATTEMPTS,),
        writes=silver.RUNS,
        key=("workspace_id", "run_id"),
    ),
    ByDatedKey(
        name="task_runs",
        run=task_runs,
        reads=(bronze.JOB_TASK_RUN_TIMELINE,),
        writes=silver.TASK_RUNS,
        key=("workspace_id", "task_run_id"),
        called={"task_run_id": "run_id"},
    ),
)
