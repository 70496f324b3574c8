"""What was changed before a run that was flagged, or before another duration became usual.

Changes are found between consecutive versions of a job and of its tasks, between the clusters of consecutive
runs, and where the job that fires it shifted itself. What only labels a job (tags, team, SLA) is no cause
of anything and is left out. Of each change counts how many runs of the job lie between it and the first run
that it may have affected: none is best, and

    fit = 1 / (1 + runs between)

Of a shift the first affected run is that from which the new duration holds, which is an estimate: a change
some runs later fits as one that is as many runs earlier. Nothing counts that came after the run itself, and
nothing beyond _FURTHEST runs; where nothing is left, a row says that no change is known.

Before and after are what users wrote, or the source says: cut to _LONGEST characters, and never of columns
that may hold secrets, which bronze does not have.
"""

from datetime import UTC, datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.gold.cluster_words import cluster_size
from pipeline.gold.compared_runs import flagged_runs
from pipeline.steps.kinds import RecentDays
from pipeline.tables import gold, silver
from pipeline.tables.gold.causes import NONE_KNOWN

_DAYS = 60
_FURTHEST = 10
_MOST = 5
"""Changes that are kept of a run."""
_LONGEST = 200
_ALL_IS_TOLD = datetime(2025, 12, 1, tzinfo=UTC)
"""From when the source fills the columns that are compared; what is new in them then is no change."""
_TOLD_ANEW_UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
"""Until then a version may only tell what the one before could not."""
_RUN = ["workspace_id", "run_id"]
_SERIES = ["workspace_id", "series_key"]
_CHANGE = ("aspect", "changed_at", "task_key", "before", "after")


def job_changes(
    run_baseline: DataFrame,
    job_baseline: DataFrame,
    runs: DataFrame,
    job_versions: DataFrame,
    task_versions: DataFrame,
    task_runs: DataFrame,
    run_clusters: DataFrame,
    clusters: DataFrame,
) -> DataFrame:
    """gold.job_changes from gold.run_baseline, gold.job_baseline, silver.runs, silver.job_versions,
    silver.task_versions, silver.task_runs, silver.run_clusters and silver.clusters."""
    flagged = flagged_runs(run_baseline).where("is_flagged OR is_shift")
    series = runs.join(flagged.select(*_RUN), _RUN, "left_semi").select(*_SERIES).distinct()
    of_series = runs.where("NOT never_started").join(series, _SERIES, "left_semi")
    changes = reduce(
        DataFrame.unionByName,
        (
            _of_versions(job_versions),
            _of_tasks(task_versions),
            _of_clusters(of_series, run_clusters, clusters),
            _of_upstream(of_series, task_runs, runs, run_baseline),
        ),
    ).join(series, _SERIES, "left_semi")
    questions = _questions(of_series.join(flagged, _RUN), job_baseline)
    placed = _placed(of_series, changes, questions)
    return _ranked(placed)


def _differing(
    versions: DataFrame, key: list[str], order: str, aspects: dict[str, Column]
) -> DataFrame:
    """A row for each aspect in which a version differs from the one before it: aspect, before, after,
    beside the version's columns and those of the one before as `previous`."""
    in_time = Window.partitionBy(*key).orderBy(order)
    named = versions.withColumns({f"now_{name}": value for name, value in aspects.items()})
    beside = named.withColumns(
        {f"was_{name}": F.lag(f"now_{name}").over(in_time) for name in aspects}
        | {"previous_at": F.lag(order).over(in_time)}
    )
    each = beside.withColumn("aspect", F.explode(F.array(*map(F.lit, aspects))))
    return (
        each.withColumn("before", _of_aspect("was", list(aspects)))
        .withColumn("after", _of_aspect("now", list(aspects)))
        .where("previous_at IS NOT NULL AND NOT (before <=> after)")
    )


def _of_aspect(side: str, aspects: list[str]) -> Column:
    chosen = F.lit(None).cast("string")
    for name in aspects:
        chosen = F.when(F.col("aspect") == name, F.col(f"{side}_{name}")).otherwise(chosen)
    return F.substring(chosen, 1, _LONGEST)


def _of_versions(job_versions: DataFrame) -> DataFrame:
    """What differs between consecutive versions of a job."""
    schedule = F.concat_ws(
        " ",
        "cron",
        "timezone",
        F.concat(F.lit("every "), F.col("periodic_seconds").cast("bigint"), F.lit(" s")),
        F.when(F.col("is_continuous"), F.lit("continuous")),
        F.when(F.col("is_paused"), F.lit("paused")),
    )
    differing = _differing(
        job_versions,
        ["workspace_id", "job_id"],
        "valid_from",
        {
            "name": F.col("name"),
            "run_as": F.col("run_as"),
            "schedule": F.nullif(schedule, F.lit("")),
            "timeout": _in_seconds("timeout_seconds"),
        },
    )
    is_told = (F.col("aspect") == "name") | (F.col("previous_at") >= F.lit(_ALL_IS_TOLD))
    return differing.where(is_told).select(
        *_SERIES,
        "aspect",
        F.col("valid_from").alias("changed_at"),
        F.lit(None).cast("string").alias("task_key"),
        "before",
        "after",
    )


def _in_seconds(column: str) -> Column:
    return F.concat(F.col(column).cast("bigint").cast("string"), F.lit(" s"))


def _of_tasks(task_versions: DataFrame) -> DataFrame:
    """Tasks that were added, removed or edited: where none of what the source tells differs, the
    definition did."""
    job = Window.partitionBy("workspace_id", "job_id")
    in_time = Window.partitionBy("workspace_id", "job_id", "task_key").orderBy("valid_from")
    beside = task_versions.withColumns(
        {
            "began_at": F.min("valid_from").over(job),
            "previous_at": F.lag("valid_from").over(in_time),
            "was_deleted": F.lag(F.col("deleted_at").isNotNull()).over(in_time),
            "needs": F.nullif(F.array_join(F.array_sort("depends_on_keys"), ", "), F.lit("")),
            "limit": _in_seconds("timeout_seconds"),
        }
    ).withColumns(
        {
            "previous_needs": F.lag("needs").over(in_time),
            "previous_limit": F.lag("limit").over(in_time),
        }
    )
    is_first = F.col("previous_at").isNull()
    is_later = F.unix_micros("valid_from") - F.unix_micros("began_at") > 1_000_000
    is_removed = F.col("deleted_at").isNotNull() & ~F.coalesce("was_deleted", F.lit(False))
    is_told = F.col("previous_at") >= F.lit(_ALL_IS_TOLD)
    needs_differ = ~F.col("needs").eqNullSafe(F.col("previous_needs"))
    limits_differ = ~F.col("limit").eqNullSafe(F.col("previous_limit")) & is_told
    is_reemitted = (F.col("previous_at") < F.lit(_ALL_IS_TOLD)) & (
        F.col("valid_from") < F.lit(_TOLD_ANEW_UNTIL)
    )
    aspect = (
        F.when(is_first & is_later, F.lit("task_added"))
        .when(is_first, F.lit(None))
        .when(is_removed, F.lit("task_removed"))
        .when(needs_differ, F.lit("task_dependencies"))
        .when(limits_differ, F.lit("task_timeout"))
        .when(~is_reemitted, F.lit("task_definition"))
    )
    of_needs, of_limit = F.col("aspect") == "task_dependencies", F.col("aspect") == "task_timeout"

    def side(prefix: str) -> Column:
        value = F.when(of_needs, F.col(f"{prefix}needs")).when(of_limit, F.col(f"{prefix}limit"))
        return F.substring(value, 1, _LONGEST)

    return (
        beside.withColumn("aspect", aspect)
        .where("aspect IS NOT NULL")
        .select(
            *_SERIES,
            "aspect",
            F.col("valid_from").alias("changed_at"),
            F.substring("task_key", 1, _LONGEST).alias("task_key"),
            side("previous_").alias("before"),
            side("").alias("after"),
        )
    )


def _of_clusters(runs: DataFrame, run_clusters: DataFrame, clusters: DataFrame) -> DataFrame:
    """What differs between the clusters of consecutive runs, from the start of the later one on."""
    first = Window.partitionBy(*_RUN).orderBy("used_from", "cluster_id")
    began = (
        run_clusters.withColumn("recency", F.row_number().over(first))
        .where("recency = 1")
        .select(*_RUN, "cluster_id")
        .join(clusters.where("cluster_source = 'JOB'"), ["workspace_id", "cluster_id"])
        .drop("cluster_id")
    )
    on_cluster = runs.select(*_SERIES, *_RUN[1:], "started_at").join(began, _RUN)
    differing = _differing(
        on_cluster,
        _SERIES,
        "started_at",
        {
            "cluster_size": cluster_size(),
            "node_type": F.col("worker_node_type"),
            "runtime": F.col("dbr_version"),
        },
    )
    return differing.select(
        *_SERIES,
        "aspect",
        F.col("started_at").alias("changed_at"),
        F.lit(None).cast("string").alias("task_key"),
        "before",
        "after",
    )


def _of_upstream(
    of_series: DataFrame, task_runs: DataFrame, runs: DataFrame, run_baseline: DataFrame
) -> DataFrame:
    """Shifts of the job whose runs fire those of the series."""
    fired = of_series.where("source_task_run_id IS NOT NULL").select(
        *_SERIES, F.col("source_task_run_id").alias("task_run_id")
    )
    firing = task_runs.where("run_id IS NOT NULL").select("workspace_id", "task_run_id", "run_id")
    links = (
        fired.join(firing, ["workspace_id", "task_run_id"])
        .join(runs.select(*_RUN, F.col("series_key").alias("upstream_key")), _RUN)
        .select(*_SERIES, "upstream_key")
        .distinct()
    )
    shifts = run_baseline.where("is_shift").select(
        "workspace_id",
        F.col("series_key").alias("upstream_key"),
        F.col("started_at").alias("changed_at"),
        _in_seconds("center_seconds").alias("before"),
        _in_seconds("duration_seconds").alias("after"),
    )
    return links.join(shifts, ["workspace_id", "upstream_key"]).select(
        *_SERIES,
        F.lit("upstream_shift").alias("aspect"),
        "changed_at",
        F.lit(None).cast("string").alias("task_key"),
        "before",
        "after",
    )


def _questions(flagged: DataFrame, job_baseline: DataFrame) -> DataFrame:
    """The runs that are asked about, and the first run that a change before each may have affected."""
    regimes = job_baseline.select(*_SERIES, "regime_start")
    is_of_shift = F.col("is_shift") & (F.col("regime_start") <= F.col("started_at"))
    return flagged.join(regimes, _SERIES, "left").select(
        *_SERIES,
        "run_id",
        "started_at",
        "is_flagged",
        "is_shift",
        F.when(is_of_shift, F.col("regime_start"))
        .otherwise(F.col("started_at"))
        .alias("affected_since"),
    )


def _placed(runs: DataFrame, changes: DataFrame, questions: DataFrame) -> DataFrame:
    """Each question beside each change of its series that is near enough, if any."""

    def moments(frame: DataFrame, at: str, is_run: int) -> DataFrame:
        return frame.select(*_SERIES, F.col(at).alias("at"), F.lit(is_run).alias("is_run"))

    of_all = reduce(
        DataFrame.unionByName,
        (
            moments(runs, "started_at", 1),
            moments(changes, "changed_at", 0),
            moments(questions, "affected_since", 0),
        ),
    )
    # Before a run that starts at the same moment.
    in_time = Window.partitionBy(*_SERIES).orderBy("at", "is_run")
    counted = (
        of_all.withColumn("runs_before", F.sum("is_run").over(in_time))
        .where("is_run = 0")
        .groupBy(*_SERIES, "at")
        .agg(F.max("runs_before").alias("runs_before"))
    )

    def with_place(frame: DataFrame, at: str, name: str) -> DataFrame:
        places = counted.select(*_SERIES, F.col("at").alias(at), F.col("runs_before").alias(name))
        return frame.join(places, [*_SERIES, at])

    near = with_place(changes, "changed_at", "change_place")
    placed_questions = with_place(questions, "affected_since", "affected_place")
    is_near = F.abs(F.col("affected_place") - F.col("change_place")) <= _FURTHEST
    beside = placed_questions.join(near, _SERIES).where(
        is_near & (F.col("changed_at") <= F.col("started_at"))
    )
    candidates = beside.select(
        *_RUN,
        *_CHANGE,
        F.abs(F.col("affected_place") - F.col("change_place")).alias("runs_between"),
    )
    return questions.join(candidates, _RUN, "left")


def _ranked(placed: DataFrame) -> DataFrame:
    best_first = Window.partitionBy(*_RUN).orderBy(
        F.col("runs_between").asc_nulls_last(),
        F.col("changed_at").desc_nulls_last(),
        "aspect",
        "task_key",
        "before",
        "after",
    )
    return (
        placed.withColumn("place", F.row_number().over(best_first))
        .where(F.col("place") <= _MOST)
        .withColumn("aspect", F.coalesce("aspect", F.lit(NONE_KNOWN)))
        .withColumn("fit", 1.0 / (1 + F.col("runs_between")))
        .select(*gold.JOB_CHANGES.column_names)
    )


STEPS = (
    RecentDays(
        name="job_changes",
        run=job_changes,
        reads=(
            gold.RUN_BASELINE,
            gold.JOB_BASELINE,
            silver.RUNS,
            silver.JOB_VERSIONS,
            silver.TASK_VERSIONS,
            silver.TASK_RUNS,
            silver.RUN_CLUSTERS,
            silver.CLUSTERS,
        ),
        writes=gold.JOB_CHANGES,
        days=_DAYS,
    ),
)
