"""The rows of every table that grows, and when each arrives.

What is late must stay knowable: of a run only the first slice of several, or the end of its last
attempt, comes late, so that the attempts in between are told in order. Rows that tie a pipeline's
bill to its job come in time, and so do those of tasks that fire runs.
"""

from dataclasses import dataclass

import numpy as np

from simulator.billing.billing import Bill
from simulator.clock import Ints
from simulator.compute.clusters import changes_us
from simulator.delivery.delays import Post, Shipment
from simulator.fleet.fleet import Kind
from simulator.frame import chosen
from simulator.history import History
from simulator.runs.slices import Slices, cut


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Slices of attempts, task runs and updates, and the deliveries of all tables that grow."""

    attempt_slices: Slices
    task_slices: Slices
    update_slices: Slices
    attempt_rows: Shipment
    task_rows: Shipment
    update_rows: Shipment
    versions: Shipment
    """Of all versions, those of series without a definition included."""
    jobs: Shipment
    job_tasks: Shipment
    pipelines: Shipment
    usage: Shipment
    clusters: Shipment


def arrivals_of(history: History, bill: Bill, post: Post) -> Arrivals:
    """When everything up to the horizon arrives."""
    attempts, tasks, updates = history.attempts, history.tasks, history.updates
    switches = "slicing_switch" in history.quirks
    latency_us = post.minutes("runs", history.runs.size, 2, 12)
    pieces = cut(attempts.start_us, attempts.end_us, switches=switches)
    last_of_run = np.append(attempts.run[1:] != attempts.run[:-1], True)[pieces.owner]
    opens = pieces.first & ~pieces.last & (attempts.number[pieces.owner] == 0)
    attempt_rows = post.shipment(
        "job_run_timeline",
        _told(history, pieces, attempts.end_us) + latency_us[attempts.run[pieces.owner]],
        opens | (pieces.last & last_of_run),
    )

    shown = history.fleet.kind[history.runs.job[history.task_run_run]] != Kind.NOTEBOOK
    task_pieces = cut(tasks.start_us, tasks.end_us, switches=switches)
    task_pieces = chosen(task_pieces, shown[task_pieces.owner])
    fires = history.graphs.fires[history.tasks.task] >= 0
    ties = (history.task_starts_pipeline | fires)[task_pieces.owner]
    task_rows = post.shipment(
        "job_task_run_timeline",
        _told(history, task_pieces, tasks.end_us)
        + latency_us[history.task_run_run[task_pieces.owner]],
        ~ties,
    )
    update_pieces = cut(updates.start_us, updates.end_us, switches=switches)
    update_rows = post.shipment(
        "pipeline_update_timeline",
        _told(history, update_pieces, updates.end_us)
        + post.minutes("updates", update_pieces.size, 2, 12),
        np.zeros(update_pieces.size, dtype=bool),
    )
    versions = history.versions
    first = np.zeros(len(versions.job), dtype=bool)
    first[versions.first[:-1][np.diff(versions.first) > 0]] = True
    told_us = versions.change_us + np.where(
        first, 0, post.minutes("jobs", len(versions.job), 5, 50)
    )
    everyone = post.shipment("jobs", told_us, ~first)
    defined = history.fleet.has_definition[versions.job]
    graph_job = history.graphs.job[history.fleet.has_definition[history.graphs.job]]
    changed_us = changes_us(history.clusters)
    return Arrivals(
        attempt_slices=pieces,
        task_slices=task_pieces,
        update_slices=update_pieces,
        attempt_rows=attempt_rows,
        task_rows=task_rows,
        update_rows=update_rows,
        versions=everyone,
        jobs=everyone.only(defined),
        job_tasks=post.shipment("job_tasks", versions.change_us[versions.first[graph_job]]),
        pipelines=post.shipment("pipelines", history.pipelines.created_us),
        usage=post.shipment("usage", bill.records.landed_us),
        clusters=post.shipment(
            "clusters", changed_us + post.minutes("clusters", len(changed_us), 5, 50)
        ),
    )


def _told(history: History, pieces: Slices, end_us: Ints) -> Ints:
    """A slice is told when it closes; without slices in flight, when all has ended."""
    if "in_flight" in history.quirks:
        return pieces.end_us
    return np.asarray(end_us[pieces.owner])
