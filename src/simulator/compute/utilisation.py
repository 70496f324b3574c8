"""Node-minutes: what every instance of a cluster did in each minute of its life.

CPU of a worker = busy share of the job, plus a noise shared by the cluster and one of the node
(both AR(1), as load persists for minutes), low while the cluster starts. Memory climbs over the
first minutes to its demand. Clusters that lived less than ten minutes leave nothing, as on the
platform. Made one delivery at a time: this is by far the largest table.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.signal import lfilter

from pipeline.tables import source
from simulator.clock import DAY_US, MINUTE_US, NEVER_US, Bools, Ints, floor_to
from simulator.columns import coded, integers, table_of, timestamps
from simulator.compute.hardware import NODE_MEMORY_MB, NODE_NAMES, busy_at, spills
from simulator.config import generator
from simulator.delivery.delays import DeliveryRules
from simulator.history import History
from simulator.identity import WORKSPACE_IDS, cluster_ids, hex_ids

SHORTEST_SEEN_MINUTES = 10
_START_UP_MINUTES = 3
_MEMORY_CLIMB_MINUTES = 5
_BACKGROUND_MEMORY_PCT = 11.0
_MEMORY_OF_LOAD = 0.8
_LATE_SHARE = 0.01
_OF_EACH_OTHER = 1.2
"""What nodes receive, over what they read."""
_TWICE_SHARE = 0.001
_LONG_LIFE_US = 45 * MINUTE_US

Shorts = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lives:
    """The clusters that leave node-minutes: from and until when, the latency of their minutes, and when
    one worker is replaced (never, for most)."""

    cluster: Ints
    first_node: Ints
    up_us: Ints
    down_us: Ints
    latency_us: Ints
    replaced_us: Ints


def lives_of(history: History, rules: DeliveryRules) -> Lives:
    """Job clusters that lived long enough to leave something."""
    rng = generator(history.seed, "lives")
    clusters = history.clusters
    up_us = -(-clusters.ready_us // MINUTE_US) * MINUTE_US
    down_us = floor_to(np.minimum(clusters.deleted_us, history.horizon_us), MINUTE_US)
    shortest = SHORTEST_SEEN_MINUTES if "short_nodes_missing" in history.quirks else 1
    whole_us = clusters.deleted_us - clusters.ready_us
    seen = (clusters.job >= 0) & (whole_us >= shortest * MINUTE_US) & (down_us > up_us)
    cluster = np.flatnonzero(seen)
    count = len(cluster)
    late = (rng.random(count) < _LATE_SHARE) & ("late_rows" in history.quirks)
    latency_us = rules.latency_us("node_timeline", count, 20, 55) // MINUTE_US * MINUTE_US
    latency_us = latency_us + np.where(late, rng.integers(1, 4, count), 0) * DAY_US
    life_us = down_us[cluster] - up_us[cluster]
    replaced = history.hardware.spot[clusters.job[cluster]] & (clusters.workers[cluster] > 0)
    replaced &= (life_us > _LONG_LIFE_US) & (rng.random(count) < 0.5)
    at_us = up_us[cluster] + floor_to((life_us * rng.uniform(0.35, 0.6, count)).astype(np.int64),
                                      MINUTE_US)  # fmt: skip
    nodes = clusters.workers[cluster] + 2  # with the driver, and one that may replace another
    return Lives(
        cluster=cluster,
        first_node=np.cumsum(nodes) - nodes,
        up_us=up_us[cluster],
        down_us=down_us[cluster],
        latency_us=latency_us,
        replaced_us=np.where(replaced, at_us, NEVER_US),
    )


def node_timeline(history: History, lives: Lives, delivery: int) -> Any:
    """system.compute.node_timeline: the minutes that arrive with one delivery."""
    rng = generator(history.seed, "utilisation", delivery)
    clusters, hardware = history.clusters, history.hardware
    # A minute arrives `latency_us` after its end.
    until_us = history.start_us + (delivery + 1) * DAY_US - lives.latency_us
    from_us = np.where(delivery == 0, -NEVER_US, until_us - DAY_US)
    low_us = np.maximum(lives.up_us, _minute_after(from_us))
    high_us = np.minimum(lives.down_us, _minute_after(until_us))
    today = np.flatnonzero(high_us > low_us)
    cluster, low_us, high_us = lives.cluster[today], low_us[today], high_us[today]

    # Cluster-minutes carry what nodes share; rows are node-minutes, one node after the other.
    replaced_us = lives.replaced_us[today]
    count = clusters.workers[cluster] + 1 + (replaced_us < NEVER_US)
    node_cluster = np.repeat(np.arange(len(cluster)), count)
    within = np.arange(len(node_cluster)) - np.repeat(np.cumsum(count) - count, count)
    leaves = (within == 1) & (replaced_us < NEVER_US)[node_cluster]
    comes = within == clusters.workers[cluster][node_cluster] + 1
    swap_us = replaced_us[node_cluster]
    node_low = np.where(comes, swap_us + 2 * MINUTE_US, low_us[node_cluster])
    node_low = np.maximum(node_low, low_us[node_cluster])
    node_high = np.where(leaves, swap_us, high_us[node_cluster])
    node_high = np.maximum(np.minimum(node_high, high_us[node_cluster]), node_low)
    node_minutes = (node_high - node_low) // MINUTE_US
    node = np.repeat(np.arange(len(node_cluster)), node_minutes)
    minute = np.arange(len(node)) - np.repeat(np.cumsum(node_minutes) - node_minutes, node_minutes)
    entry = node_cluster[node]
    rows = len(node)
    start_us = node_low[node] + minute * MINUTE_US
    shared_minutes = (high_us - low_us) // MINUTE_US
    shared_first = np.cumsum(shared_minutes) - shared_minutes
    since = (start_us - low_us[entry]) // MINUTE_US
    shared = _load(rng, int(shared_minutes.sum()))[shared_first[entry] + since]
    own = _load(rng, rows)

    job = clusters.job[cluster]
    workers = clusters.workers[cluster]
    driver = (within == 0)[node]
    works = ~driver | (workers == 0)[entry]
    # An autoscaled cluster has fewer workers for the same work, so each is busier.
    scale = np.maximum(clusters.requested_workers[cluster], 1) / np.maximum(workers, 1)
    busy_pct = 100 * np.minimum(
        busy_at(hardware, job, clusters.requested_workers[cluster]) * scale, 0.97
    )
    busy_pct = busy_pct.astype(np.float32)
    demand_mb = hardware.memory_demand_mb[job] / np.maximum(workers, 1)
    full_pct = (100 * demand_mb / NODE_MEMORY_MB[hardware.worker_type[job]]).astype(np.float32)
    spilled = (works & spills(hardware, job, np.where(
        hardware.autoscale[job], clusters.requested_workers[cluster], workers))[entry])  # fmt: skip
    age = (start_us - lives.up_us[today][entry]) // MINUTE_US
    node_age = (
        start_us - np.where(comes, node_low, lives.up_us[today][node_cluster])[node]
    ) // MINUTE_US
    warm = np.minimum((node_age + 0.3) / _START_UP_MINUTES, 1.0).astype(np.float32)
    climb = np.minimum((node_age + 1.0) / _MEMORY_CLIMB_MINUTES, 1.0).astype(np.float32)

    level = np.where(works, busy_pct[entry], np.float32(7) + np.float32(0.06) * busy_pct[entry])
    # A spilling worker waits for its disk.
    level = np.where(spilled, np.float32(0.55) * level, level)
    cpu = np.clip(level * warm * (1 + 0.18 * shared + 0.1 * own), 0.4, 100)
    kernel = cpu * np.float32(0.06) + np.float32(0.4)
    wait = np.float32(1.5) + shared + np.where(age < 6, np.float32(2), np.float32(0))
    wait = np.clip(wait + np.where(spilled, np.float32(24) + 5 * shared, 0), 0, 60)
    memory = _BACKGROUND_MEMORY_PCT + np.where(works, full_pct[entry], np.float32(16)) * climb
    memory = np.clip(memory + 1.2 * own, 5, 99.5)
    swap = np.where(spilled, np.clip(14 * climb + 3 * shared, 1, 60), 0)

    received = _received_bytes(history, delivery, cluster, entry, works, up_minutes=(
        lives.down_us[today] - lives.up_us[today]) // MINUTE_US)  # fmt: skip
    # A node's number does not depend on who else is up.
    instance = lives.first_node[today][node_cluster] + within
    twice = np.flatnonzero(rng.random(rows) < _TWICE_SHARE)
    shown = np.arange(rows)
    if "delivered_twice" in history.quirks:
        shown = np.concatenate([shown, twice])
    shown = DeliveryRules(history.seed, history.quirks, history.start_us).written_order(
        "node_timeline", delivery, shown
    )
    entry, node, start_us = entry[shown], node[shown], start_us[shown]
    cpu, kernel, wait, memory, swap = (x[shown] for x in (cpu, kernel, wait, memory, swap))
    received = received[shown]
    return table_of(
        source.NODE_TIMELINE,
        len(shown),
        {
            "workspace_id": coded(WORKSPACE_IDS, clusters.workspace[cluster][entry]),
            "cluster_id": coded(cluster_ids(cluster), entry),
            "instance_id": coded(hex_ids(instance, "node", "i-0", 16), node),
            "start_time": timestamps(start_us),
            "end_time": timestamps(start_us + MINUTE_US),
            "driver": pa.array(driver[shown]),
            "cpu_user_percent": _percent(np.minimum(cpu, 99 - kernel)),
            "cpu_system_percent": _percent(kernel),
            "cpu_wait_percent": _percent(np.minimum(wait, np.maximum(99.9 - cpu - kernel, 0))),
            "mem_used_percent": _percent(memory),
            "mem_swap_percent": _percent(swap),
            "network_received_bytes": integers(received, received > 0),
            "node_type": coded(NODE_NAMES, clusters.worker_type[cluster][entry]),
        },
    )


def _received_bytes(
    history: History, delivery: int, cluster: Ints, entry: Ints, works: Bools, *, up_minutes: Ints
) -> Ints:
    """What each node-minute receives: its part of what the run reads, and some more that its like send;
    0 where nobody knows what the run reads. `cluster` and `up_minutes` are of each life, `entry` is the life
    of each node-minute, and nodes that work receive."""
    rng = generator(history.seed, "network", delivery)
    clusters = history.clusters
    attempt = clusters.attempt[cluster]
    share = history.attempts.progress_to[attempt] - history.attempts.progress_from[attempt]
    total = history.read_bytes[history.attempts.run[attempt]] * share * _OF_EACH_OTHER
    a_minute = total / np.maximum(up_minutes * np.maximum(clusters.workers[cluster], 1), 1)
    uneven = rng.uniform(0.6, 1.4, len(entry))
    return np.where(works, a_minute[entry] * uneven, 0).astype(np.int64)


def _minute_after(at_us: Ints) -> Ints:
    """The first minute that ends after a time, by its start."""
    return floor_to(at_us, MINUTE_US)


def _load(rng: np.random.Generator, rows: int) -> Shorts:
    """AR(1) noise of unit variance."""
    shocks = rng.standard_normal(rows, dtype=np.float32)
    gain = np.float32(np.sqrt(1 - _MEMORY_OF_LOAD**2))
    memory = np.array([1, -_MEMORY_OF_LOAD], dtype=np.float32)
    return np.asarray(lfilter(np.array([gain]), memory, shocks), dtype=np.float32)


def _percent(values: Any) -> Any:
    """Percentages to one decimal."""
    return pa.array(np.round(values.astype(np.float64), 1))
