"""Usage that belongs to no job: interactive clusters, SQL warehouses, notebooks, the platform.

Some records carry a team, some only a cluster, some nothing: a chargeback has to share them out.
"""

import numpy as np

from simulator import labels
from simulator.billing.prices import (
    ALL_PURPOSE,
    FREE,
    INTERACTIVE,
    JOBS_SERVERLESS,
    SQL_PRO,
    SQL_SERVERLESS,
    STORAGE,
    UNPRICED,
)
from simulator.billing.usage_lines import PRODUCTS, Lines, lines, quantity
from simulator.clock import HOUR_US, MINUTE_US, Bools, Ints
from simulator.columnar import concatenated
from simulator.compute.hardware import NODE_DBU_PER_HOUR
from simulator.config import generator
from simulator.fleet.fleet import Compute
from simulator.history import History
from simulator.runs.slices import cut_at_hours

# SKU, product, mean DBU per hour, share of hours in use (0: working hours only).
_SERVICES = (
    (SQL_PRO, 2, 12.0, 0.0),
    (SQL_SERVERLESS, 2, 16.0, 0.0),
    (INTERACTIVE, 3, 3.0, 0.0),
    (JOBS_SERVERLESS, 4, 0.6, 0.3),
    (UNPRICED, 5, 1.0, 1.0),
    (FREE, 0, 0.5, 0.2),
    (STORAGE, PRODUCTS.index("DEFAULT_STORAGE"), 8.0, 1.0),
)
_QUIRK_OF_SKU = {UNPRICED: "missing_prices", FREE: "free_usage", STORAGE: "usage_units"}
SERVICES_PER_WORKSPACE = len(_SERVICES)


def service_labels(seed: int, workspaces: int) -> tuple[list[str | None], list[labels.Tags]]:
    """Owners and tags of each workspace's services; warehouses and notebooks have some."""
    rng = generator(seed, "services")
    owners: list[str | None] = []
    tags: list[labels.Tags] = []
    for _ in range(workspaces):
        for _, product, _, _ in _SERVICES:
            named = product in (2, 3)
            owners.append(labels.email(rng) if named else None)
            tagged = named and rng.random() < 0.6
            tags.append(((labels.TEAM_KEYS[0], labels.team(rng)),) if tagged else ())
    return owners, tags


def other_lines(history: History, first_label: int) -> Lines:
    """All usage without a job; labels from `first_label` are shared clusters, then services."""
    rng = generator(history.seed, "other_usage")
    hours = np.arange(-(-history.start_us // HOUR_US), history.last_hour_us // HOUR_US)
    weekday = (hours // 24 + 3) % 7
    working = (weekday < 5) & (hours % 24 >= 7) & (hours % 24 < 19)
    clusters = history.clusters
    sql_hours = _hours_of_sql_tasks(history)
    parts = []
    shared = np.flatnonzero(clusters.job < 0)
    for position, cluster in enumerate(shared):
        open_hours = hours[working & (rng.random(len(hours)) < 0.8)]
        rate = NODE_DBU_PER_HOUR[clusters.worker_type[cluster]] * (1 + clusters.workers[cluster])
        start_us, end_us = _within(rng, open_hours)
        parts.append(
            lines(
                len(open_hours),
                workspace=int(clusters.workspace[cluster]),
                cluster=int(cluster),
                node_type=int(clusters.worker_type[cluster]),
                label=first_label + position,
                sku=ALL_PURPOSE,
                product=1,
                start_us=start_us,
                end_us=end_us,
                pico=quantity(np.full(len(open_hours), rate), start_us, end_us),
            )
        )
    for workspace in range(history.workspaces):
        for position, (sku, product, mean, share) in enumerate(_SERVICES):
            in_use: Bools = working if share == 0 else rng.random(len(hours)) < share
            if sku == SQL_PRO:
                in_use = in_use | np.isin(hours, sql_hours[workspace])
            if _QUIRK_OF_SKU.get(sku, sku) not in (*history.quirks, sku):
                in_use = np.zeros_like(working)
            hours_in_use = hours[in_use]
            start_us, end_us = _within(rng, hours_in_use)
            rate = mean * rng.gamma(3, 1 / 3, len(hours_in_use))
            service = workspace * SERVICES_PER_WORKSPACE + position
            parts.append(
                lines(
                    len(hours_in_use),
                    workspace=-1
                    if sku == STORAGE and "account_usage" in history.quirks
                    else workspace,
                    warehouse=service if product == 2 else -1,
                    label=first_label + len(shared) + service,
                    sku=sku,
                    product=product,
                    serverless=sku != SQL_PRO,
                    start_us=start_us,
                    end_us=end_us,
                    pico=quantity(rate, start_us, end_us),
                )
            )
    return concatenated(parts)


def _hours_of_sql_tasks(history: History) -> list[Ints]:
    """The hours in which jobs of SQL tasks ran, by workspace: their warehouse is up."""
    attempts, fleet, job = history.attempts, history.fleet, history.attempt_job
    own = np.flatnonzero(fleet.compute[job] == Compute.WAREHOUSE)
    pieces = cut_at_hours(attempts.start_us[own], attempts.end_us[own])
    workspace = fleet.workspace[job[own[pieces.owner]]]
    hour = pieces.start_us // HOUR_US
    return [np.unique(hour[workspace == index]) for index in range(history.workspaces)]


def _within(rng: np.random.Generator, hours: Ints) -> tuple[Ints, Ints]:
    """A stretch of each hour: mostly all of it."""
    begins = np.where(rng.random(len(hours)) < 0.7, 0, rng.integers(0, 30, len(hours)))
    ends = np.where(rng.random(len(hours)) < 0.7, 60, rng.integers(31, 60, len(hours)))
    return hours * HOUR_US + begins * MINUTE_US, hours * HOUR_US + ends * MINUTE_US
