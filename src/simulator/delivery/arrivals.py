"""The rows of every table that grows, and when each arrives.

Late rows must not hide what happened: of a run only the first of several slices, or the end of the last
attempt, comes late, so that the attempts in between arrive in order. Rows that tie a pipeline's bill to
its job come in time, and so do those of tasks that fire runs.
"""

from dataclasses import dataclass

import numpy as np

from simulator.billing.billing import Bill
from simulator.clock import Ints
from simulator.columnar import take_rows
from simulator.compute.clusters import changes_us
from simulator.delivery.delays import DeliveryPlan, DeliveryRules
from simulator.fleet.fleet import Kind
from simulator.history import History
from simulator.runs.slices import Slices, cut


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Slices of attempts, task runs and updates, and the deliveries of all tables that grow."""

    attempt_slices: Slices
    task_slices: Slices
    update_slices: Slices
    attempt_rows: DeliveryPlan
    task_rows: DeliveryPlan
    update_rows: DeliveryPlan
    versions: DeliveryPlan
    """Of all versions, including those of series without a definition."""
    jobs: DeliveryPlan
    job_tasks: DeliveryPlan
    pipelines: DeliveryPlan
    usage: DeliveryPlan
    clusters: DeliveryPlan
    statements: DeliveryPlan
    uses: DeliveryPlan


def arrivals_of(history: History, bill: Bill, rules: DeliveryRules) -> Arrivals:
    """When everything up to the horizon arrives."""
    attempts, tasks, updates = history.attempts, history.tasks, history.updates
    switches = "slicing_switch" in history.quirks
    latency_us = rules.latency_us("runs", history.runs.size, 2, 12)
    pieces = cut(attempts.start_us, attempts.end_us, switches=switches)
    last_of_run = np.append(attempts.run[1:] != attempts.run[:-1], True)[pieces.owner]
    opens = pieces.first & ~pieces.last & (attempts.number[pieces.owner] == 0)
    attempt_rows = rules.plan(
        "job_run_timeline",
        _visible_us(history, pieces, attempts.end_us) + latency_us[attempts.run[pieces.owner]],
        opens | (pieces.last & last_of_run),
    )

    shown = history.fleet.kind[history.runs.job[history.task_run_run]] != Kind.NOTEBOOK
    task_pieces = cut(tasks.start_us, tasks.end_us, switches=switches)
    task_pieces = take_rows(task_pieces, shown[task_pieces.owner])
    fires = history.graphs.fires[history.tasks.task] >= 0
    ties = (history.task_starts_pipeline | fires)[task_pieces.owner]
    task_rows = rules.plan(
        "job_task_run_timeline",
        _visible_us(history, task_pieces, tasks.end_us)
        + latency_us[history.task_run_run[task_pieces.owner]],
        ~ties,
    )
    update_pieces = cut(updates.start_us, updates.end_us, switches=switches)
    update_rows = rules.plan(
        "pipeline_update_timeline",
        _visible_us(history, update_pieces, updates.end_us)
        + rules.latency_us("updates", update_pieces.size, 2, 12),
        np.zeros(update_pieces.size, dtype=bool),
    )
    versions = history.versions
    first = np.zeros(len(versions.job), dtype=bool)
    first[versions.first[:-1][np.diff(versions.first) > 0]] = True
    visible_us = versions.change_us + np.where(
        first, 0, rules.latency_us("jobs", len(versions.job), 5, 50)
    )
    all_versions = rules.plan("jobs", visible_us, ~first)
    defined = history.fleet.has_definition[versions.job]
    graph_job = history.graphs.job[history.fleet.has_definition[history.graphs.job]]
    changed_us = changes_us(history.clusters)
    statements = history.statements
    return Arrivals(
        attempt_slices=pieces,
        task_slices=task_pieces,
        update_slices=update_pieces,
        attempt_rows=attempt_rows,
        task_rows=task_rows,
        update_rows=update_rows,
        versions=all_versions,
        jobs=all_versions.only(defined),
        job_tasks=rules.plan(
            "job_tasks", versions.change_us[versions.first[graph_job]]
        ).followed_by(rules.plan("job_task_edits", history.task_edits_us), len(graph_job)),
        pipelines=rules.plan("pipelines", history.pipelines.created_us),
        usage=rules.plan("usage", bill.records.landed_us),
        clusters=rules.plan(
            "clusters", changed_us + rules.latency_us("clusters", len(changed_us), 5, 50)
        ),
        statements=rules.plan(
            "query_history",
            statements.end_us + rules.latency_us("query_history", statements.size, 5, 50),
        ),
        uses=rules.plan(
            "table_lineage",
            history.uses.at_us + rules.latency_us("table_lineage", history.uses.size, 5, 50),
        ),
    )


def _visible_us(history: History, pieces: Slices, end_us: Ints) -> Ints:
    """When each slice can be seen: when it closes or, without slices in flight, when all has ended."""
    if "in_flight" in history.quirks:
        return pieces.end_us
    return np.asarray(end_us[pieces.owner])
