"""Each job's place in its chain: what comes before and after it, and by when its next runs must start.

Dependencies that still hold are edges of one graph of jobs, small beside the runs that show them, so one
call sees all of it (`optimizer.chains`). Deadlines are those of the runs expected in the next seven
days; a limit on how long a run may take says nothing about the time by which others must be done.
"""

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from optimizer.chains import (
    ExpectedRuns,
    JobGraph,
    Waits,
    done_last,
    latest_starts,
    reached,
    walked,
)
from pipeline.scoring.buckets import without_nan
from pipeline.steps.kinds import Whole
from pipeline.tables import gold
from pipeline.tables.gold.chains import MOST_NAMED

_EDGE: Final = ("after", "ready_seconds", "wait_seconds", "is_clocked")
_RUN: Final = ("start_seconds", "work_seconds", "due_seconds")
_MOST_STEPS: Final = 50
"""Jobs before, and after, one on its critical path that are named."""
_SECONDS: Final = (
    "expected_start_seconds",
    "expected_end_seconds",
    "latest_start_seconds",
    "latest_end_seconds",
    "deadline_seconds",
)
_COUNTS: Final = ("upstream_jobs", "downstream_jobs", "downstream_slas", "downstream_owners")
_SCHEMA: Final = ", ".join(
    (
        "series_key string, deadline_series_key string",
        *(f"{name} bigint" for name in _COUNTS),
        *(f"{name} double" for name in _SECONDS),
        "cycle array<string>, critical_path array<string>",
    )
)


def job_chains(
    jobs: DataFrame, dependencies: DataFrame, run_forecast: DataFrame, *, as_of: datetime
) -> DataFrame:
    """gold.job_chains from gold.jobs, gold.job_dependencies and gold.run_forecast."""
    answered = (
        _inputs(jobs, dependencies, run_forecast, as_of)
        .withColumn("all", F.lit(0))
        .groupBy("all")
        .applyInPandas(lambda rows: without_nan(_placed(rows.drop(columns="all"))), _SCHEMA)
    )
    is_bound = F.col("latest_start_seconds").isNotNull()
    reason = (
        F.when(is_bound, F.lit(""))
        .when(F.col("critical_path").isNull() & F.col("cycle").isNull(), F.lit(_ALONE))
        .when(F.col("cycle").isNotNull(), F.lit(_IN_CYCLE))
        .otherwise(F.lit(_NO_DEADLINE))
    )
    named = {
        "status": F.when(is_bound, F.lit("ok")).otherwise(F.lit("not_assessed")),
        "reason": reason,
        "slack_seconds": F.col("latest_start_seconds") - F.col("expected_start_seconds"),
        **{name: F.coalesce(name, F.lit(0)).cast("bigint") for name in _COUNTS},
        **{name.replace("_seconds", "_at"): _moment(as_of, F.col(name)) for name in _SECONDS},
    }
    return (
        jobs.select("workspace_id", "series_key")
        .join(answered, "series_key", "left")
        .select(
            *(named.get(name, F.col(name)).alias(name) for name in gold.JOB_CHAINS.column_names)
        )
    )


_ALONE: Final = "no job is known to come before or after it"
_IN_CYCLE: Final = (
    "it comes before and after itself, and no deadline is carried back within such a cycle"
)
_NO_DEADLINE: Final = "no run of the next 7 days has a deadline that depends on it"


def _inputs(
    jobs: DataFrame, dependencies: DataFrame, run_forecast: DataFrame, as_of: datetime
) -> DataFrame:
    """Every job in a chain: its edges to jobs after it and its expected runs, as lists."""
    holding = dependencies.where("is_current")
    ends = holding.select(
        F.explode(F.array("series_key", "upstream_series_key")).alias("series_key")
    ).distinct()
    expected = run_forecast.where("run_number > 0 AND expected_start_at IS NOT NULL")
    # What is fired starts as the other says, and so does what has no schedule of its own.
    clocks = run_forecast.groupBy("series_key").agg(
        F.max(
            F.col("upstream_series_key").isNull() & F.col("start_basis").isin("cron", "periodic")
        ).alias("has_clock")
    )
    edges = (
        holding.join(clocks, "series_key", "left")
        .withColumn(
            "is_clocked", (F.col("kind") == "feeds") & F.coalesce("has_clock", F.lit(False))
        )
        .groupBy(F.col("upstream_series_key").alias("series_key"))
        .agg(
            F.collect_list(F.struct(F.col("series_key").alias("after"), *_EDGE[1:])).alias("edges")
        )
    )
    origin = F.unix_micros(F.lit(as_of))

    def since(name: str) -> Column:
        return (F.unix_micros(name) - origin) / 1e6

    runs = expected.groupBy("series_key").agg(
        F.collect_list(
            F.struct(
                since("expected_start_at").alias("start_seconds"),
                F.coalesce("p50_seconds", F.lit(float("nan"))).alias("work_seconds"),
                F.coalesce(since("due_at"), F.lit(float("nan"))).alias("due_seconds"),
            )
        ).alias("runs")
    )
    no_edges = (
        "array<struct<after:string,ready_seconds:double,wait_seconds:double,is_clocked:boolean>>"
    )
    no_runs = "array<struct<start_seconds:double,work_seconds:double,due_seconds:double>>"
    joined = (
        ends.join(jobs.select("series_key", "owner", "sla_kind"), "series_key")
        .join(edges, "series_key", "left")
        .join(runs, "series_key", "left")
        .withColumn("edges", F.coalesce("edges", F.array().cast(no_edges)))
        .withColumn("runs", F.coalesce("runs", F.array().cast(no_runs)))
    )
    return joined.select(
        "series_key",
        "owner",
        F.col("sla_kind").isNotNull().alias("has_sla"),
        *(_field("edges", name) for name in _EDGE),
        *(_field("runs", name) for name in _RUN),
    )


def _field(structs: str, name: str) -> Column:
    return F.transform(structs, lambda one: one[name]).alias(name)


def _moment(as_of: datetime, seconds: Column) -> Column:
    return F.timestamp_micros(F.unix_micros(F.lit(as_of)) + F.round(seconds * 1e6).cast("bigint"))


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each job of all chains."""
    rows = rows.sort_values("series_key", ignore_index=True)
    key = rows["series_key"].to_numpy(dtype=object)
    number = pd.Series(np.arange(len(key)), index=key)
    edges = _flat(rows, _EDGE)
    graph = JobGraph(
        len(key),
        edges["job"],
        number.reindex(edges["after"]).to_numpy(dtype=np.int64),
    )
    waits = Waits(
        edges["ready_seconds"].astype(np.float64),
        edges["wait_seconds"].astype(np.float64),
        edges["is_clocked"].astype(np.bool_),
    )
    runs = _expected_runs(rows)
    return pd.DataFrame(
        {"series_key": key}
        | _reach(graph, rows)
        | {"cycle": _cycles(graph, key)}
        | _deadlines(graph, waits, runs, key)
    )


def _flat(rows: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    """Columns of lists as flat arrays, with the job that each value is of."""
    lengths = rows[names[0]].map(len).to_numpy(dtype=np.int64)
    flat: dict[str, Any] = {"job": np.repeat(np.arange(len(rows)), lengths)}
    for name in names:
        lists = [np.asarray(values, dtype=object) for values in rows[name]]
        flat[name] = np.concatenate(lists) if lists else np.zeros(0, dtype=object)
    return flat


def _expected_runs(rows: pd.DataFrame) -> ExpectedRuns:
    flat = _flat(rows, _RUN)
    start, work, due = (flat[name].astype(np.float64) for name in _RUN)
    order = np.lexsort((start, flat["job"]))
    return ExpectedRuns(flat["job"][order], start[order], work[order], due[order])


def _reach(graph: JobGraph, rows: pd.DataFrame) -> dict[str, Any]:
    """How many jobs come before and after each, itself aside, and whose."""
    everyone = np.arange(graph.jobs)
    has_sla = rows["has_sla"].to_numpy(dtype=np.bool_)
    promised = np.where(has_sla, np.cumsum(has_sla) - 1, -1)
    owners, _ = pd.factorize(rows["owner"])
    backwards = JobGraph(graph.jobs, graph.after, graph.before)
    return {
        "upstream_jobs": reached(backwards, everyone) - graph.is_in_cycle,
        "downstream_jobs": reached(graph, everyone) - graph.is_in_cycle,
        "downstream_slas": reached(graph, promised) - (graph.is_in_cycle & has_sla),
        "downstream_owners": reached(graph, owners.astype(np.int64)),
    }


def _cycles(graph: JobGraph, key: NDArray[np.object_]) -> list[list[str] | None]:
    """The first jobs of each job's cycle in the order of their keys; None for a job in none."""
    members = pd.Series(key[graph.is_in_cycle]).groupby(graph.group[graph.is_in_cycle])
    named = {group: list(keys.iloc[:MOST_NAMED]) for group, keys in members}
    return [named.get(group) for group in graph.group]


def _deadlines(
    graph: JobGraph, waits: Waits, runs: ExpectedRuns, key: NDArray[np.object_]
) -> dict[str, Any]:
    """Of each job its first run on which a deadline depends, and the critical path through it."""
    latest = latest_starts(graph, waits, runs)
    after_run = walked(latest.by_run, _MOST_STEPS)
    bound = np.flatnonzero(~np.isnan(latest.start_seconds))
    jobs, first = np.unique(runs.job[bound], return_index=True)
    run = np.full(graph.jobs, -1, dtype=np.int64)
    run[jobs] = bound[first]
    has_run = run >= 0

    def of_run(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(has_run, np.append(values, np.nan)[run], np.nan)

    before = walked(done_last(graph, waits.wait_seconds), _MOST_STEPS)
    runs_after = np.append(after_run, np.full((1, after_run.shape[1]), -1), axis=0)[run]
    jobs_after = np.where(runs_after >= 0, np.append(runs.job, -1)[runs_after], -1)
    last_run = np.where(has_run, run, -1)
    for step in runs_after.T:
        last_run = np.where(step >= 0, step, last_run)
    end = latest.start_seconds + runs.work_seconds
    nobody_last = np.append(key, np.array([None], dtype=object))
    in_edges = np.zeros(graph.jobs, dtype=np.bool_)
    in_edges[graph.before[graph.is_between]] = in_edges[graph.after[graph.is_between]] = True
    ways = np.concatenate([before[:, ::-1], np.arange(graph.jobs)[:, None], jobs_after], axis=1)
    return {
        "expected_start_seconds": of_run(runs.start_seconds),
        "expected_end_seconds": of_run(runs.start_seconds + runs.work_seconds),
        "latest_start_seconds": of_run(latest.start_seconds),
        "latest_end_seconds": of_run(end),
        "deadline_seconds": np.where(
            has_run, np.append(runs.due_seconds, np.nan)[last_run], np.nan
        ),
        "deadline_series_key": nobody_last[np.append(runs.job, -1)[last_run]],
        "critical_path": [
            list(key[way[way >= 0]]) if is_bound else None
            for way, is_bound in zip(ways, in_edges, strict=True)
        ],
    }


STEPS = (
    Whole(
        name="job_chains",
        run=job_chains,
        reads=(gold.JOBS, gold.JOB_DEPENDENCIES, gold.RUN_FORECAST),
        writes=gold.JOB_CHAINS,
    ),
)
