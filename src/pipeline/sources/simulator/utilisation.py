"""Node-minutes: what every instance of a cluster did in each minute of its life.

CPU of a worker = busy share of the job, plus a noise shared by the cluster and one of the node
(both AR(1), as load persists for minutes), low while the cluster starts. Memory climbs over the
first minutes to its demand. Clusters that lived less than ten minutes leave nothing, as on the
platform. Made one day at a time: this is by far the largest table.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.signal import lfilter

from pipeline.sources.simulator.clock import DAY_US, MINUTE_US, Ints, floor_to
from pipeline.sources.simulator.columns import coded, table_of, timestamps
from pipeline.sources.simulator.config import generator
from pipeline.sources.simulator.hardware import NODE_MEMORY_MB, NODE_NAMES
from pipeline.sources.simulator.history import History
from pipeline.sources.simulator.identity import WORKSPACE_IDS, hex_strings
from pipeline.tables import source

SHORTEST_SEEN_MINUTES = 10
_START_UP_MINUTES = 3
_MEMORY_CLIMB_MINUTES = 5
_BACKGROUND_MEMORY_PCT = 11.0
_MEMORY_OF_LOAD = 0.8

Shorts = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Nodes:
    """The instances of every cluster that leaves node-minutes, and the minutes it leaves.

    `first` is the driver of a cluster among `ids`; its workers follow.
    """

    ids: Any
    cluster: Ints
    first: Ints
    count: Ints
    up_us: Ints
    down_us: Ints


def nodes_of(history: History) -> Nodes:
    """An id for each node of each job cluster that lived long enough, as far as is known now."""
    rng = generator(history.seed, "nodes")
    clusters = history.clusters
    life_us = np.minimum(clusters.deleted_us, history.now_us) - clusters.ready_us
    seen = (clusters.job >= 0) & (life_us >= SHORTEST_SEEN_MINUTES * MINUTE_US)
    cluster = np.flatnonzero(seen)
    count = clusters.workers[cluster] + 1
    down_us = np.minimum(clusters.deleted_us[cluster], history.closed_us)
    return Nodes(
        ids=hex_strings(rng, int(count.sum()), "i-0", 16),
        cluster=cluster,
        first=np.cumsum(count) - count,
        count=count,
        up_us=-(-clusters.ready_us[cluster] // MINUTE_US) * MINUTE_US,
        down_us=floor_to(down_us, MINUTE_US),
    )


def node_timeline(history: History, nodes: Nodes, day: int) -> Any:
    """system.compute.node_timeline: the minutes that ended on one UTC day (days since 1970)."""
    rng = generator(history.seed, "utilisation", day)
    clusters, hardware = history.clusters, history.hardware
    # A minute belongs to the day on which it ends, which is when its row can arrive.
    from_us, until_us = day * DAY_US - MINUTE_US, (day + 1) * DAY_US - MINUTE_US
    first_us, end_us = np.maximum(nodes.up_us, from_us), np.minimum(nodes.down_us, until_us)
    today = np.flatnonzero(end_us > first_us)
    cluster, low_us = nodes.cluster[today], first_us[today]
    minutes = (end_us[today] - low_us) // MINUTE_US

    # Cluster-minutes carry what nodes share; rows are node-minutes, one node after the other.
    count = nodes.count[today]
    node_cluster = np.repeat(np.arange(len(cluster)), count)
    node_within = np.arange(len(node_cluster)) - np.repeat(np.cumsum(count) - count, count)
    node_minutes = minutes[node_cluster]
    node = np.repeat(np.arange(len(node_cluster)), node_minutes)
    minute = np.arange(len(node)) - np.repeat(np.cumsum(node_minutes) - node_minutes, node_minutes)
    entry = node_cluster[node]
    rows = len(node)
    shared_first = np.cumsum(minutes) - minutes
    shared = _load(rng, int(minutes.sum()))[shared_first[entry] + minute]
    own = _load(rng, rows)

    job = clusters.job[cluster]
    driver = (node_within == 0)[node]
    lone = (clusters.workers[cluster] == 0)[entry]
    works = ~driver | lone
    # An autoscaled cluster has fewer workers for the same work, so each is busier.
    scale = np.maximum(hardware.workers[job], 1) / np.maximum(clusters.workers[cluster], 1)
    busy_pct = (100 * np.minimum(hardware.busy_share[job] * scale, 0.97)).astype(np.float32)
    demand_mb = hardware.memory_demand_mb[job] / np.maximum(clusters.workers[cluster], 1)
    full_pct = (100 * demand_mb / NODE_MEMORY_MB[hardware.worker_type[job]]).astype(np.float32)
    age = minute + ((low_us - nodes.up_us[today]) // MINUTE_US)[entry]
    warm = np.minimum((age + 0.3) / _START_UP_MINUTES, 1.0).astype(np.float32)
    climb = np.minimum((age + 1.0) / _MEMORY_CLIMB_MINUTES, 1.0).astype(np.float32)

    level = np.where(works, busy_pct[entry], np.float32(7) + np.float32(0.06) * busy_pct[entry])
    cpu = np.clip(level * warm * (1 + 0.18 * shared + 0.1 * own), 0.4, 100)
    kernel = cpu * np.float32(0.06) + np.float32(0.4)
    wait = np.clip(
        np.float32(1.5) + shared + np.where(age < 6, np.float32(2), np.float32(0)), 0, 30
    )
    memory = _BACKGROUND_MEMORY_PCT + np.where(works, full_pct[entry], np.float32(16)) * climb
    memory = np.clip(memory + 1.2 * own, 5, 99.5)
    swap = np.where(works & (full_pct[entry] > 88), np.clip(memory - 97, 0, 3), 0)

    start_us = low_us[entry] + minute * MINUTE_US
    instance = (nodes.first[today][node_cluster] + node_within)[node]
    # Ids of this day only: the dictionary of all instances would be written with every day.
    used, instance = np.unique(instance, return_inverse=True)
    return table_of(
        source.NODE_TIMELINE,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, clusters.workspace[cluster][entry]),
            "cluster_id": coded(clusters.ids.take(cluster), entry),
            "instance_id": coded(nodes.ids.take(used), instance),
            "start_time": timestamps(start_us),
            "end_time": timestamps(start_us + MINUTE_US),
            "driver": pa.array(driver),
            "cpu_user_percent": _percent(np.minimum(cpu, 99 - kernel)),
            "cpu_system_percent": _percent(kernel),
            "cpu_wait_percent": _percent(np.minimum(wait, np.maximum(99.9 - cpu - kernel, 0))),
            "mem_used_percent": _percent(memory),
            "mem_swap_percent": _percent(swap),
            "node_type": coded(NODE_NAMES, clusters.worker_type[cluster][entry]),
        },
    )


def _load(rng: np.random.Generator, rows: int) -> Shorts:
    """AR(1) noise of unit variance."""
    shocks = rng.standard_normal(rows, dtype=np.float32)
    gain = np.float32(np.sqrt(1 - _MEMORY_OF_LOAD**2))
    memory = np.array([1, -_MEMORY_OF_LOAD], dtype=np.float32)
    return np.asarray(lfilter(np.array([gain]), memory, shocks), dtype=np.float32)


def _percent(values: Any) -> Any:
    """Percentages to one decimal."""
    return pa.array(np.round(values.astype(np.float64), 1))
