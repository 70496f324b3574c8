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
_BLANK = "^ +$"
# Java's $ also stands before a last line break: \z does not.
_TAKEN_FOR_ANOTHER = '(?s)^(?:[0-9]+|".*|.*\\])\\z'


def with_series(
    attempts: DataFrame,
    slices: DataFrame,
    task_runs: DataFrame,
    *,
    run_name_rules: Mapping[str, str],
    default_run_names: Sequence[str],
) -> DataFrame:
    """Attempts with `series_key` and `series_basis`."""
    # Few runs are submitted, so these are what is looked up, and names are read once for each.
    submitted = _named(slices, run_name_rules)
    named = _with_first_tasks(submitted, task_runs, run_name_rules).select(
        *_RUN, *_own_key_and_basis(default_run_names)
    )
    own_key = F.coalesce("own_key", "job_id")
    return (
        named.join(attempts, _RUN, "right")
        .withColumn("series_key", F.concat_ws("/", "workspace_id", own_key))
        .withColumn("series_basis", F.coalesce("series_basis", F.lit("job_id")))
        .drop("own_key")
    )


def replaced(name: Column, rules: Mapping[str, str]) -> Column:
    """The name with one rule after another applied to it."""
    for pattern, replacement in rules.items():
        name = F.regexp_replace(name, F.lit(pattern), F.lit(replacement))
    return name


def stem(name: Column, replaced: Column) -> Column:
    """What the rules leave of a name, NULL for nothing but blanks; separators at its ends go only with
    what stood beside them."""
    trimmed = F.when(replaced == name, name).otherwise(F.regexp_replace(replaced, _AT_THE_ENDS, ""))
    return F.nullif(F.regexp_replace(trimmed, _BLANK, ""), F.lit(""))


def is_default(name: Column, default_run_names: Sequence[str]) -> Column:
    """Whether a name is made of nothing but words that say nothing of what runs, and numbers."""
    if not default_run_names:
        return F.lit(False)
    word = "|".join(f"(?:{words})" for words in default_run_names)
    return name.rlike(f"(?i)^(?:{word})(?:[-_ .:]*(?:{word}|[0-9]+))*\\z")


def _named(slices: DataFrame, rules: Mapping[str, str]) -> DataFrame:
    """The submitted runs among all, whose job ids are new each time, with what stays of their names."""
    name = F.col("run_name")
    return (
        slices.where(F.col("run_type").isin(*_NAMED_BY_RUN))
        .groupBy(*_RUN)
        .agg(
            F.max(name).alias("name"),
            F.max(replaced(name, rules)).alias("replaced"),
            F.to_date(F.min("period_start_time")).alias("began_on"),
        )
        .select(*_RUN, "name", stem(F.col("name"), F.col("replaced")).alias("stem"), "began_on")
    )


def _with_first_tasks(
    submitted: DataFrame, task_runs: DataFrame, rules: Mapping[str, str]
) -> DataFrame:
    """The runs with the keys of the tasks that began before any had ended, in the alphabet's order.

    A task is not older than its run: one that seems to be is passed over, whichever night it came in.
    """
    runs, tasks = submitted.alias("r"), task_runs.where("task_key IS NOT NULL").alias("t")
    is_of = (F.col("t.workspace_id") == F.col("r.workspace_id")) & (
        F.col("t.run_id") == F.col("r.run_id")
    )
    is_of &= F.col("t.task_run_date") >= F.col("r.began_on")
    lasted = F.col("t.duration_seconds") > 0
    key = F.col("t.task_key")
    task = F.struct(F.col("t.started_at"), stem(key, replaced(key, rules)).alias("task"))
    gathered = (
        runs.join(tasks, is_of, "left")
        .groupBy("r.workspace_id", "r.run_id")
        .agg(
            F.max("r.name").alias("name"),
            F.max("r.stem").alias("stem"),
            F.min("t.started_at").alias("first_start"),
            F.min(F.when(lasted, F.col("t.ended_at"))).alias("first_end"),
            F.collect_list(F.when(key.isNotNull(), task)).alias("began"),
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
    tasks_of = F.filter(F.transform(waited_for_none, lambda one: one["task"]), F.isnotnull)
    keys = F.array_sort(F.array_distinct(tasks_of))
    return gathered.select(
        *_RUN,
        "name",
        "stem",
        F.nullif(F.array_join(keys, "+"), F.lit("")).alias("first_tasks"),
    )


def _own_key_and_basis(default_run_names: Sequence[str]) -> tuple[Column, Column]:
    """What stands for a submitted run behind the workspace in its key, NULL for its job id; and how it
    is known."""
    left = F.col("stem")
    # Tasks that are all called `main` tell no more than the name.
    tasks = F.when(~is_default(F.col("first_tasks"), default_run_names), F.col("first_tasks"))
    is_vague = left.isNull() | is_default(left, default_run_names)
    in_quotes = F.concat(F.lit('"'), left, F.lit('"'))
    name = F.when(left.rlike(_TAKEN_FOR_ANOTHER), in_quotes).otherwise(left)
    with_tasks = F.concat_ws(" ", name, F.concat(F.lit("["), tasks, F.lit("]")))
    basis = (
        F.when(~is_vague & (left == F.col("name")), F.lit("run_name"))
        .when(~is_vague, F.lit("run_name_by_rules"))
        .when(tasks.isNotNull() & left.isNotNull(), F.lit("run_name_and_tasks"))
        .when(tasks.isNotNull(), F.lit("tasks"))
        .when(left.isNotNull(), F.lit("shared_run_name"))
        .otherwise(F.lit("nothing"))
    )
    return (
        F.when(is_vague & tasks.isNotNull(), with_tasks).otherwise(name).alias("own_key"),
        basis.alias("series_basis"),
    )
