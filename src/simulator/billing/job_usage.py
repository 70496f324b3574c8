"""The usage of jobs: the hours of their clusters, and the DBU of serverless runs."""

import numpy as np

from simulator.billing.prices import JOBS, JOBS_PHOTON, JOBS_SERVERLESS
from simulator.billing.usage_lines import PRODUCTS, Lines, lines, quantity
from simulator.clock import Bools
from simulator.compute.hardware import NODE_CORES, NODE_DBU_PER_HOUR, PHOTON_DBU_FACTOR
from simulator.config import generator
from simulator.fleet.fleet import Compute
from simulator.history import History
from simulator.runs.outcomes import Status
from simulator.runs.slices import cut_at_hours

_SERVERLESS_DBU_PER_CORE_HOUR = 0.22
_SERVERLESS_LEAST_CORES = 4
_NAMELESS_SHARE = 0.003


def cluster_lines(history: History) -> Lines:
    """Job compute: (driver + workers) x DBU rate x hours, from the nodes' start to the deletion."""
    clusters, hardware = history.clusters, history.hardware
    own = np.flatnonzero(clusters.job >= 0)
    pieces = cut_at_hours(clusters.ready_us[own], clusters.deleted_us[own])
    cluster = own[pieces.owner]
    job = clusters.job[cluster]
    run = history.attempts.run[clusters.attempt[cluster]]
    photon = hardware.photon[job]
    rate = (
        NODE_DBU_PER_HOUR[clusters.driver_type[cluster]]
        + clusters.workers[cluster] * NODE_DBU_PER_HOUR[clusters.worker_type[cluster]]
    ) * np.where(photon, PHOTON_DBU_FACTOR, 1.0)
    return lines(
        len(cluster),
        workspace=clusters.workspace[cluster],
        run=run,
        cluster=cluster,
        node_type=clusters.worker_type[cluster],
        label=history.version[run],
        sku=np.where(photon, JOBS_PHOTON, JOBS),
        product=0,
        photon=photon,
        nameless=_nameless(history, len(cluster), "cluster"),
        start_us=pieces.start_us,
        end_us=pieces.end_us,
        pico=quantity(rate, pieces.start_us, pieces.end_us),
    )


def serverless_lines(history: History) -> Lines:
    """Serverless runs: the busy cores, in one to three records of different size per hour."""
    rng = generator(history.seed, "serverless")
    attempts, fleet, hardware = history.attempts, history.fleet, history.hardware
    job_of = history.attempt_job
    own = np.flatnonzero(
        (fleet.compute[job_of] == Compute.SERVERLESS)
        & (attempts.status != Status.SKIPPED)
        & (attempts.worked_until_us > attempts.start_us + attempts.setup_us)
    )
    start_us = attempts.start_us[own] + attempts.setup_us[own]
    pieces = cut_at_hours(start_us, attempts.worked_until_us[own])
    records = rng.integers(1, 4, len(pieces.owner))
    if "serverless_modes" not in history.quirks:
        records = np.ones_like(records)
    piece = np.repeat(np.arange(len(records)), records)
    weight = rng.uniform(0.2, 1.0, len(piece))
    share = weight / np.bincount(piece, weights=weight, minlength=len(records))[piece]
    attempt = own[pieces.owner[piece]]
    job = job_of[attempt]
    run = attempts.run[attempt]
    cores = np.maximum(
        hardware.workers[job] * NODE_CORES[hardware.worker_type[job]] * hardware.busy_share[job],
        _SERVERLESS_LEAST_CORES,
    )
    noise = np.exp(0.1 * rng.standard_normal(len(piece)))
    rate = cores * _SERVERLESS_DBU_PER_CORE_HOUR * share * noise
    return lines(
        len(piece),
        workspace=fleet.workspace[job],
        run=run,
        label=history.version[run],
        sku=JOBS_SERVERLESS,
        product=0,
        serverless=True,
        nameless=_nameless(history, len(piece), "serverless"),
        start_us=pieces.start_us[piece],
        end_us=pieces.end_us[piece],
        pico=quantity(rate, pieces.start_us[piece], pieces.end_us[piece]),
    )


def pipeline_lines(history: History) -> Lines:
    """Updates of pipelines: serverless compute that knows its pipeline and no job."""
    updates, pipelines = history.updates, history.pipelines
    pieces = cut_at_hours(updates.start_us, updates.end_us)
    has_length = pieces.end_us > pieces.start_us
    update = pieces.owner[has_length]
    start_us, end_us = pieces.start_us[has_length], pieces.end_us[has_length]
    pipeline = updates.pipeline[update]
    return lines(
        len(update),
        workspace=pipelines.workspace[pipeline],
        update=update,
        sku=JOBS_SERVERLESS,
        product=PRODUCTS.index("DLT"),
        serverless=True,
        start_us=start_us,
        end_us=end_us,
        pico=quantity(pipelines.dbu_per_hour[pipeline], start_us, end_us),
    )


def _nameless(history: History, rows: int, concern: str) -> Bools:
    """A few records name their job and not its run."""
    drawn = generator(history.seed, f"nameless {concern} usage").random(rows) < _NAMELESS_SHARE
    return drawn & ("usage_without_run" in history.quirks)
