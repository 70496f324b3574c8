"""Which runs are of one series, and how that is known: what the statistics follow through time.

Runs of a job share its id. A submitted run has a job id of its own, so its name ties it to others,
without what is new in it each time: `run_name_rules` take that away. A name that is made of nothing but
`default_run_names` is one that unlike works share; such runs are told apart by the tasks that began
before any had ended. These wait for no other task, so a run that is broken off, or still going, has
them as well. Only the run itself is looked at: no other run can move it to another series.

In the key a name stands as it is; in quotes where it could be taken for a job's id, for one in quotes,
or for one with tasks behind it.
"""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_NAMED_BY_RUN = ("SUBMIT_RUN", "WORKFLOW_RUN")
_RUN = ["workspace_id", "run_id"]
_AT_THE_ENDS = "^[-_ .:#,/]+|[-_ .:#,/]+$"
# Java's $ also stands before a last line break: \z does not.
_TAKEN_FOR_ANOTHER = '(?s)^(?:[0-9]+|".*|.*\\])\\z'


def is_submitted() -> Column:
    """Whether a run's job id is new each time, so that only the name it was given ties it to others."""
    return F.coalesce(F.col("run_type").isin(*_NAMED_BY_RUN), F.lit(False))


def without_what_is_new(name: Column, rules: Mapping[str, str]) -> Column:
    """The name as the rules leave it; separators at its ends go only with what stood beside them."""
    left = name
    for pattern, replacement in rules.items():
        left = F.regexp_replace(left, F.lit(pattern), F.lit(replacement))
    return F.when(left == name, name).otherwise(F.regexp_replace(left, _AT_THE_ENDS, ""))


def with_series(
    attempts: DataFrame,
    slices: DataFrame,
    task_runs: DataFrame,
    *,
    run_name_rules: Mapping[str, str],
    default_run_names: Sequence[str],
) -> DataFrame:
    """Attempts with `series_key` and `series_basis`; the tasks of their runs are looked for among
    `task_runs`, those of runs whose `slices` say too little."""

    def stem() -> Column:
        return _unless_blank(without_what_is_new(F.col("run_name"), run_name_rules))

    def says_nothing(stem: Column) -> Column:
        return stem.isNull() | is_default(stem, default_run_names)

    # A task is not older than its run. One that seems to be is passed over, whichever night it came in.
    vague = (
        slices.where(is_submitted())
        .where(says_nothing(stem()))
        .groupBy(*_RUN)
        .agg(F.to_date(F.min("period_start_time")).alias("began_on"))
    )
    first = _first_tasks(
        task_runs.join(vague, _RUN).where(F.col("task_run_date") >= F.col("began_on")),
        run_name_rules,
    )
    named = attempts.join(first, _RUN, "left").withColumn("stem", F.when(is_submitted(), stem()))
    stem_, tasks = F.col("stem"), F.col("first_tasks")
    quoted = F.when(
        stem_.rlike(_TAKEN_FOR_ANOTHER), F.concat(F.lit('"'), stem_, F.lit('"'))
    ).otherwise(stem_)
    is_vague = says_nothing(stem_)
    of_tasks = F.concat(F.lit("["), tasks, F.lit("]"))
    own = (
        F.when(~is_submitted(), F.col("job_id"))
        .when(~is_vague, quoted)
        .when(tasks.isNotNull(), F.concat_ws(" ", quoted, of_tasks))
        .otherwise(F.coalesce(quoted, F.col("job_id")))
    )
    basis = (
        F.when(~is_submitted(), F.lit("job_id"))
        .when(~is_vague & (stem_ == F.col("run_name")), F.lit("run_name"))
        .when(~is_vague, F.lit("run_name_by_rules"))
        .when(tasks.isNotNull() & stem_.isNotNull(), F.lit("run_name_and_tasks"))
        .when(tasks.isNotNull(), F.lit("tasks"))
        .when(stem_.isNotNull(), F.lit("shared_run_name"))
        .otherwise(F.lit("nothing"))
    )
    return named.withColumns(
        {"series_key": F.concat_ws("/", "workspace_id", own), "series_basis": basis}
    ).drop("stem", "first_tasks")


def _unless_blank(name: Column) -> Column:
    return F.when(F.trim(name) != "", name)


def is_default(stem: Column, default_run_names: Sequence[str]) -> Column:
    """Whether a name is made of nothing but words that say nothing of what runs, and numbers."""
    if not default_run_names:
        return F.lit(False)
    word = "|".join(f"(?:{words})" for words in default_run_names)
    return stem.rlike(f"(?i)^(?:{word})(?:[-_ .:]*(?:{word}|[0-9]+))*\\z")


def _first_tasks(task_runs: DataFrame, rules: Mapping[str, str]) -> DataFrame:
    """The keys of each run's tasks that began before any had ended, in the order of the alphabet."""
    key = _unless_blank(without_what_is_new(F.col("task_key"), rules))
    of_run = (
        task_runs.withColumn("task", key)
        .where("task IS NOT NULL")
        .groupBy(*_RUN)
        .agg(
            F.min("started_at").alias("first_start"),
            F.min(F.when(F.col("duration_seconds") > 0, F.col("ended_at"))).alias("first_end"),
            F.collect_list(F.struct("started_at", "task")).alias("began"),
        )
    )
    first_start, first_end = F.col("first_start"), F.col("first_end")
    waited_for_none = F.filter(
        "began",
        lambda one: (
            F.coalesce(one["started_at"] < first_end, F.lit(True))
            | (one["started_at"] == first_start)
        ),
    )
    keys = F.array_sort(F.array_distinct(F.transform(waited_for_none, lambda one: one["task"])))
    return of_run.select(*_RUN, F.array_join(keys, "+").alias("first_tasks"))
