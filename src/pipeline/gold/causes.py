"""Why a run took longer, or shorter, than usual: its excess in parts that add up to it exactly.

Of a run that was flagged, missed its SLA, or where a shift was declared, the seconds from the start of
what fired it (else from when it was queued) to its last end are compared with what is usual:

    excess = upstream + queue + setup + retries + work

each less its median over the last runs before that succeeded at once; the usual length of an attempt is the
baseline's where it has one, which knows the job's rhythm. Work is what is left of the first attempt, and is
split in this order, no part beyond what is left:

- input: usual work * (input / usual input) ^ e. The exponent e is the slope of log(work) over log(input)
  among the job's own runs, shrunk to 1 (as much input, as much work) as far as these do not tell it;
- cluster: on another cluster than most runs, what the job's runs on this one take more at the median;
- task: what one task takes beyond its median times the factor by which the other tasks differ from theirs;
- unexplained: the rest.

Everything is counted in whole milliseconds, so the parts add up exactly, in whatever order rows come.
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.gold.causes import PARTS, SECONDS_TYPE

_DAYS = 60
_COMPARED = 30
"""Runs before that tell what is usual, at the most."""
_LOOKED_BACK = 60
"""Runs of any outcome among which they are looked for."""
_LEAST_COMPARED = 3
_MS = 1000.0
_LOG_UNITS = 1e4
"""Logarithms are added as whole ten-thousandths."""
_PRIOR_SPREAD = 0.35
"""Standard deviation, around 1, of the exponent by which work follows the input over all jobs."""
_LEAST_NOISE = 0.01**2
"""Variance of log(work) that there is at the least."""
_RUN = ["workspace_id", "run_id"]
_JUDGED = ["workspace_id", "judged_run_id"]
_AT_WORK = ("queue", "setup", "retries", "upstream")
_OF_JUDGED = (
    "series_key",
    "started_at",
    "attempts",
    "is_flagged",
    "is_late",
    "is_shift",
    "center_seconds",
)
_OF_TASK = ("task_key", "own_ms", "usual_ms", "beyond_ms")
_ANY = 2**30


def flagged_runs(run_baseline: DataFrame) -> DataFrame:
    """The runs of gold.run_baseline: whether any attempt was flagged or shifted, and what was usual of the
    first."""
    is_first = F.col("attempt") == 0
    return run_baseline.groupBy(*_RUN).agg(
        F.max("is_anomaly").alias("is_flagged"),
        F.max("is_shift").alias("is_shift"),
        F.max(F.when(is_first, F.col("center_seconds"))).alias("center_seconds"),
    )


def judged_runs(run_baseline: DataFrame, run_sla: DataFrame, as_of: datetime) -> DataFrame:
    """The runs of the last days that were flagged, late, or where a shift was declared."""
    since = as_of - timedelta(days=gold.RUN_BASELINE_DAYS)
    late = (
        run_sla.where("sla_status = 'MISSED'")
        .where(F.col("started_at") >= F.lit(since))
        .select(*_RUN, F.lit(True).alias("is_late"))
    )
    no = F.lit(False)
    marked = (
        flagged_runs(run_baseline)
        .join(late, _RUN, "full_outer")
        .select(
            *_RUN,
            "center_seconds",
            *(F.coalesce(name, no).alias(name) for name in ("is_flagged", "is_late", "is_shift")),
        )
    )
    return marked.where("is_flagged OR is_late OR is_shift")


def compared_runs(judged: DataFrame, runs: DataFrame) -> DataFrame:
    """A row for each judged run that has ended and each run that it is compared with, itself among them
    (`is_self`): those of its series before it that succeeded at once, the latest of them.

    From one window over the runs, and no join of runs with runs: a plan that names the judged runs many
    times would find them out as often.
    """
    is_judged = F.col("is_flagged").isNotNull()
    series = Window.partitionBy("workspace_id", "series_key")
    at_once = F.expr("status = 'SUCCEEDED' AND repairs = 0")
    before = series.orderBy("started_at", "run_id").rowsBetween(-_LOOKED_BACK, -1)
    marked = (
        runs.where("status NOT IN ('IN_FLIGHT', 'SKIPPED') AND NOT never_started")
        .join(judged, _RUN, "left")
        .withColumn("is_of_judged", F.max(is_judged).over(series))
        .where("is_of_judged")
        .withColumn("earlier", F.collect_list(F.when(at_once, F.col("run_id"))).over(before))
        .where(is_judged)
    )
    # Of no rows engines make an empty list, or none.
    no_runs = F.array().cast("array<string>")
    latest = F.coalesce(F.slice(F.reverse("earlier"), 1, _COMPARED), no_runs)
    return marked.select(
        "workspace_id",
        F.col("run_id").alias("judged_run_id"),
        *_OF_JUDGED,
        F.explode(F.array_append(latest, F.col("run_id"))).alias("run_id"),
    ).withColumn("is_self", F.col("run_id") == F.col("judged_run_id"))


def _ms(seconds: Column) -> Column:
    return F.round(seconds * _MS).cast("bigint")


def _task_tries(pairs: DataFrame, attempts: DataFrame, task_runs: DataFrame) -> DataFrame:
    """Each task of the first attempt of each run: what its last try worked, and what those before took.

    A run without tasks has a row without a task.
    """
    first = attempts.where("attempt = 0").select(
        *_RUN,
        F.col("ended_at").alias("attempt_ended_at"),
        _ms(F.col("duration_seconds")).alias("first_ms"),
    )
    tasks = task_runs.where("task_key IS NOT NULL").select(
        *_RUN, "task_key", "started_at", "duration_seconds", "setup_seconds"
    )
    tried = (
        pairs.drop("started_at")
        .join(first, _RUN)
        .join(tasks.withColumnRenamed("started_at", "task_started_at"), _RUN, "left")
        .where(
            "task_key IS NULL OR attempt_ended_at IS NULL OR task_started_at <= attempt_ended_at"
        )
    )
    setup = F.coalesce("setup_seconds", F.lit(0.0))
    started = F.unix_micros("task_started_at")
    work = _ms(F.col("duration_seconds") - setup)
    last = F.struct(started, work)
    by_task = tried.groupBy(*_JUDGED, "run_id", "is_self", "first_ms", "task_key").agg(
        F.max_by(work, last).alias("work_ms"),
        _ms((F.max(started) - F.min(started)) / 1e6).alias("until_last_ms"),
        F.max(_ms(setup)).alias("setup_ms"),
        F.max_by(_ms(setup), last).alias("last_setup_ms"),
    )
    # The set-up of a try that failed counts as set-up.
    retried = F.col("until_last_ms") - F.col("setup_ms") + F.col("last_setup_ms")
    return by_task.withColumn("retried_ms", F.greatest(retried, F.lit(0).cast("bigint")))


def _clusters_of(run_clusters: DataFrame, clusters: DataFrame) -> DataFrame:
    """The cluster that each run began on, in words."""
    first = Window.partitionBy(*_RUN).orderBy("used_from", "cluster_id")
    began = (
        run_clusters.withColumn("recency", F.row_number().over(first))
        .where("recency = 1")
        .select(*_RUN, "cluster_id")
    )
    return began.join(clusters, ["workspace_id", "cluster_id"]).select(
        *_RUN, cluster_words().alias("cluster")
    )


def cluster_words() -> Column:
    """A row of silver.clusters as `m5d.large, 8 workers, 16.4.x-scala2.12`."""
    return F.concat_ws(", ", "worker_node_type", cluster_size(), "dbr_version")


def cluster_size() -> Column:
    """The same as `8 workers`, or `2 to 8 workers` where it scales."""
    scales = F.col("max_workers").isNotNull()
    bounds = F.concat_ws(" to ", F.col("min_workers"), F.col("max_workers"))
    size = F.when(scales, bounds).otherwise(F.col("workers").cast("string"))
    return F.concat(size, F.when(size == "1", F.lit(" worker")).otherwise(F.lit(" workers")))


def _measured(
    tries: DataFrame, runs: DataFrame, task_runs: DataFrame, inputs: DataFrame
) -> DataFrame:
    """Each run of the pairs in milliseconds: what it waited, was set up, tried again and worked."""
    of_runs = tries.groupBy(*_JUDGED, "run_id", "is_self", "first_ms").agg(
        F.max("setup_ms").alias("task_setup_ms"), F.sum("retried_ms").alias("task_retried_ms")
    )
    firing = task_runs.where("run_id IS NOT NULL").select(
        "workspace_id",
        F.col("task_run_id").alias("source_task_run_id"),
        F.col("run_id").alias("upstream_run_id"),
        F.col("started_at").alias("fired_at"),
    )
    began = runs.select(
        "workspace_id",
        F.col("run_id").alias("upstream_run_id"),
        F.col("started_at").alias("upstream_started_at"),
    )
    zero = F.lit(0).cast("bigint")
    first, setup, retried = (F.col(name) for name in ("first_ms", "setup_ms", "retried_ms"))
    after_first = F.greatest(_ms(F.col("wall_seconds")) - first, zero)
    until_fired = F.unix_micros("fired_at") - F.unix_micros("upstream_started_at")
    return (
        of_runs.join(
            runs.select(*_RUN, "queue_seconds", "wall_seconds", "source_task_run_id"), _RUN
        )
        .join(firing, ["workspace_id", "source_task_run_id"], "left")
        .join(began, ["workspace_id", "upstream_run_id"], "left")
        .join(inputs.where("attempt = 0").select(*_RUN, "input_bytes"), _RUN, "left")
        .withColumn("setup_ms", F.least(F.coalesce("task_setup_ms", zero), first))
        .withColumn("retried_ms", F.least(F.coalesce("task_retried_ms", zero), first - setup))
        .select(
            *_JUDGED,
            "run_id",
            "is_self",
            _ms(F.coalesce("queue_seconds", F.lit(0.0))).alias("queue_ms"),
            "setup_ms",
            (retried + after_first).alias("retries_ms"),
            F.coalesce(_ms(until_fired / 1e6), zero).alias("upstream_ms"),
            "first_ms",
            (first - setup - retried).alias("work_ms"),
            "input_bytes",
            "upstream_run_id",
        )
    )


def _median(value: Column) -> Column:
    return F.percentile(value, F.lit(0.5))


def _usual(measured: DataFrame) -> DataFrame:
    """What is usual of each judged run, from those it is compared with, beside what it was itself.

    `measured` has the pairs with each run's figures, and its cluster in words.
    """
    is_self, judged = F.col("is_self"), Window.partitionBy(*_JUDGED)
    earlier, cluster = ~is_self, F.col("cluster")
    # Of equally frequent ones the last in the alphabet, in a window: a join would compute all anew.
    times = F.count(F.when(earlier, cluster)).over(Window.partitionBy(*_JUDGED, "cluster"))
    ranked = F.when(earlier & cluster.isNotNull(), F.concat(F.lpad(times, 4, "0"), cluster))
    together = measured.withColumn("ranked", ranked).withColumns(
        {
            "usual_cluster": F.substring(F.max("ranked").over(judged), 5, _ANY),
            "own_cluster": F.max(F.when(is_self, cluster)).over(judged),
        }
    )
    is_usual = earlier & F.coalesce(cluster == F.col("usual_cluster"), F.lit(True))
    is_like_own = cluster == F.col("own_cluster")
    has_both = is_usual & (F.col("work_ms") > 0) & (F.col("input_bytes") > 0)

    def log_units(column: str) -> Column:
        return F.when(has_both, F.round(F.log(F.col(column)) * _LOG_UNITS).cast("bigint"))

    def own(column: str) -> Column:
        return F.max(F.when(is_self, F.col(column))).alias(f"own_{column}")

    x, y = log_units("input_bytes"), log_units("work_ms")
    usual = together.groupBy(*_JUDGED).agg(
        F.max("usual_cluster").alias("usual_cluster"),
        F.max("own_cluster").alias("own_cluster"),
        F.max(F.when(is_self, F.col("upstream_run_id"))).alias("upstream_run_id"),
        F.count_if(earlier).alias("compared_runs"),
        *(own(f"{name}_ms") for name in (*_AT_WORK, "work")),
        own("input_bytes"),
        *(
            _median(F.when(earlier, F.col(f"{name}_ms"))).alias(f"usual_{name}_ms")
            for name in (*_AT_WORK, "first")
        ),
        _median(F.when(is_usual, F.col("work_ms"))).alias("median_work_ms"),
        _median(F.when(is_like_own, F.col("work_ms"))).alias("like_own_work_ms"),
        _median(F.when(is_usual, F.col("input_bytes"))).alias("usual_input_bytes"),
        F.count(x).alias("n"),
        F.sum(x).alias("sum_x"),
        F.sum(y).alias("sum_y"),
        F.sum(x * y).alias("sum_xy"),
        F.sum(x * x).alias("sum_xx"),
        F.sum(y * y).alias("sum_yy"),
    )
    n = F.nullif(F.col("n"), F.lit(0))

    def covariance(one: str, other: str) -> Column:
        products = F.col(f"sum_{one}{other}") - F.col(f"sum_{one}") * F.col(f"sum_{other}") / n
        return products / n / _LOG_UNITS**2

    # The posterior mean of a slope whose prior is 1, give or take _PRIOR_SPREAD.
    noise = F.greatest(covariance("y", "y"), F.lit(_LEAST_NOISE))
    doubt = noise / (n * _PRIOR_SPREAD**2)
    slope = (covariance("x", "y") + doubt) / (covariance("x", "x") + doubt)
    exponent = F.least(F.greatest(F.coalesce(slope, F.lit(1.0)), F.lit(0.0)), F.lit(1.5))
    return usual.withColumn("elasticity", exponent)


def _odd_tasks(tries: DataFrame) -> DataFrame:
    """Of each judged run the task that is most above, and the one most below, its median times the factor
    by which the other tasks differ from theirs."""
    by_task = (
        tries.where("task_key IS NOT NULL")
        .groupBy(*_JUDGED, "task_key")
        .agg(
            F.max(F.when(F.col("is_self"), F.col("work_ms"))).alias("own_ms"),
            _whole(_median(F.when(~F.col("is_self"), F.col("work_ms")))).alias("usual_ms"),
        )
        .where("own_ms + usual_ms > 0")
    )
    judged = Window.partitionBy(*_JUDGED)
    own, usual = F.col("own_ms"), F.col("usual_ms")
    others = (F.sum("own_ms").over(judged) - own) / F.nullif(
        F.sum("usual_ms").over(judged) - usual, F.lit(0)
    )
    beyond = (
        by_task.withColumn("beyond_ms", _whole(own - usual * others))
        .where("beyond_ms IS NOT NULL")
        .withColumn("most", F.row_number().over(judged.orderBy(F.desc("beyond_ms"), "task_key")))
        .withColumn("least", F.row_number().over(judged.orderBy("beyond_ms", "task_key")))
    )
    return beyond.groupBy(*_JUDGED).agg(
        *(
            F.max(F.when(F.col(rank) == 1, F.col(name))).alias(f"{rank}_{name}")
            for rank in ("most", "least")
            for name in _OF_TASK
        )
    )


def _whole(ms: Column) -> Column:
    return F.round(ms).cast("bigint")


def _within(part: Column, left: Column) -> Column:
    """What of `part` has the sign of what is left, and is no more than that."""
    zero = F.lit(0).cast("bigint")
    inside = F.when(left >= 0, F.least(F.greatest(part, zero), left)).otherwise(
        F.greatest(F.least(part, zero), left)
    )
    return F.when(part.isNull(), zero).otherwise(inside)


def _split(usual: DataFrame) -> DataFrame:
    """The excess of each judged run in milliseconds, and its parts as <part>_ms."""
    is_other = F.col("own_cluster") != F.col("usual_cluster")
    usual_first = F.coalesce(F.col("center_seconds") * _MS, F.col("usual_first_ms"))
    read_more = F.pow(F.col("own_input_bytes") / F.col("usual_input_bytes"), F.col("elasticity"))
    is_longer = F.col("after_cluster_ms") >= 0
    frame = (
        usual.withColumn("usual_work_ms", _whole(usual_first - F.col("usual_setup_ms")))
        .withColumns(
            {
                f"{name}_ms": F.col(f"own_{name}_ms") - _whole(F.col(f"usual_{name}_ms"))
                for name in _AT_WORK
            }
        )
        .withColumn("work_ms", F.col("own_work_ms") - F.col("usual_work_ms"))
        .withColumn(
            "input_ms",
            _within(
                F.when(
                    (F.col("own_input_bytes") > 0) & (F.col("usual_input_bytes") > 0),
                    _whole(F.col("median_work_ms") * read_more) - F.col("usual_work_ms"),
                ),
                F.col("work_ms"),
            ),
        )
        .withColumn("after_input_ms", F.col("work_ms") - F.col("input_ms"))
        .withColumn(
            "cluster_ms",
            _within(
                F.when(is_other, _whole(F.col("like_own_work_ms")) - F.col("usual_work_ms")),
                F.col("after_input_ms"),
            ),
        )
        .withColumn("after_cluster_ms", F.col("after_input_ms") - F.col("cluster_ms"))
        .withColumns(
            {
                f"odd_{name}": F.when(is_longer, F.col(f"most_{name}")).otherwise(
                    F.col(f"least_{name}")
                )
                for name in _OF_TASK
            }
        )
        .withColumn("task_ms", _within(F.col("odd_beyond_ms"), F.col("after_cluster_ms")))
        .withColumn("unexplained_ms", F.col("after_cluster_ms") - F.col("task_ms"))
    )
    excess = F.col("work_ms")
    for name in _AT_WORK:
        excess = excess + F.col(f"{name}_ms")
    own_total, usual_total = F.col("own_work_ms"), F.col("usual_work_ms")
    for name in _AT_WORK:
        own_total = own_total + F.col(f"own_{name}_ms")
        usual_total = usual_total + _whole(F.col(f"usual_{name}_ms"))
    return frame.withColumn("excess_ms", excess).withColumn("run_usual_ms", usual_total)


def run_causes(
    run_baseline: DataFrame,
    run_sla: DataFrame,
    runs: DataFrame,
    attempts: DataFrame,
    task_runs: DataFrame,
    run_clusters: DataFrame,
    clusters: DataFrame,
    inputs: DataFrame,
    *,
    as_of: datetime,
) -> DataFrame:
    """gold.run_causes from gold.run_baseline, silver.run_sla, silver.runs, silver.attempts,
    silver.task_runs, silver.run_clusters, silver.clusters and silver.attempt_inputs."""
    pairs = compared_runs(judged_runs(run_baseline, run_sla, as_of), runs)
    tries = _task_tries(pairs, attempts, task_runs)
    measured = _measured(tries, runs, task_runs, inputs).join(
        _clusters_of(run_clusters, clusters), _RUN, "left"
    )
    judged = pairs.where("is_self").select(*_JUDGED, *_OF_JUDGED)
    usual = (
        judged.join(_usual(measured), _JUDGED)
        .join(_odd_tasks(tries), _JUDGED, "left")
        .withColumn("is_known", F.col("compared_runs") >= _LEAST_COMPARED)
    )
    return _rows(_split(usual))


def _rows(split: DataFrame) -> DataFrame:
    """A row for each part of each run that is not nothing, and for what is not explained."""
    each = split.withColumn("part", F.explode(F.array(*map(F.lit, PARTS)))).withColumns(
        {
            "ms": _by_part({part: F.col(f"{part}_ms") for part in PARTS}),
            "actual_seconds": _by_part({part: _took(part, "own") for part in PARTS}) / _MS,
            "usual_seconds": _by_part({part: _took(part, "usual") for part in PARTS}) / _MS,
            "number": _by_part({part: F.lit(number) for number, part in enumerate(PARTS)}),
        }
    )
    is_rest = F.col("part") == "unexplained"
    shown = each.where(is_rest | (F.col("is_known") & (F.col("ms") != 0)))
    most = Window.partitionBy(*_JUDGED).orderBy(
        F.when(F.col("excess_ms") < 0, -F.col("ms")).otherwise(F.col("ms")).desc(), "number"
    )
    known = F.col("is_known")

    def of(part: str, value: Column) -> Column:
        return F.when(F.col("part") == part, value)

    def seconds(name: str) -> Column:
        return F.when(known, (F.col(name) / _MS).cast(SECONDS_TYPE))

    named = {
        "run_id": F.col("judged_run_id"),
        "excess_seconds": seconds("excess_ms"),
        "run_usual_seconds": seconds("run_usual_ms"),
        "seconds": seconds("ms"),
        "share": F.when(known, F.col("ms") / F.nullif(F.col("excess_ms"), F.lit(0))),
        "place": F.row_number().over(most),
        "usual_seconds": F.when(known, F.col("usual_seconds")),
        "task_key": of("task", F.col("odd_task_key")),
        "input_bytes": of("input", F.col("own_input_bytes")),
        "usual_input_bytes": of("input", _whole(F.col("usual_input_bytes"))),
        "cluster": of("cluster", F.col("own_cluster")),
        "usual_cluster": of("cluster", F.col("usual_cluster")),
        "attempts": of("retries", F.col("attempts")),
        "upstream_run_id": of("upstream", F.col("upstream_run_id")),
    }
    return shown.select(
        *(named.get(name, F.col(name)).alias(name) for name in gold.RUN_CAUSES.column_names)
    )


def _by_part(values: dict[str, Column]) -> Column:
    """The value of the row's part."""
    chosen = F.lit(None)
    for part, value in values.items():
        chosen = F.when(F.col("part") == part, value).otherwise(chosen)
    return chosen


def _took(part: str, whose: str) -> Column:
    """What a part took of the run itself (`own`), or usually takes, in milliseconds."""
    if part == "task":
        return F.col(f"odd_{whose}_ms").cast("double")
    name = part if part in _AT_WORK else "work"
    return F.col(f"{whose}_{name}_ms").cast("double")


STEPS = (
    RecentDays(
        name="run_causes",
        run=run_causes,
        reads=(
            gold.RUN_BASELINE,
            silver.RUN_SLA,
            silver.RUNS,
            silver.ATTEMPTS,
            silver.TASK_RUNS,
            silver.RUN_CLUSTERS,
            silver.CLUSTERS,
            silver.ATTEMPT_INPUTS,
        ),
        writes=gold.RUN_CAUSES,
        days=_DAYS,
    ),
)
