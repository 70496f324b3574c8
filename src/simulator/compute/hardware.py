"""Each job's cluster, the job's true demand, and how its work scales.

Scaling is Amdahl's law over workers with a memory cliff: with serial fraction s,

    seconds(w) = seconds(current) * g(w) / g(current),   g(w) = s + (1 - s) / w,

times SPILL_FACTOR where the workers' usable memory is below the job's demand. The mean share of
busy worker cores under that law is 1 / (s * w + 1 - s): an oversized cluster is idle because the
serial part keeps its workers waiting. The simulator draws the busy share and derives s from it.

Amdahl, G. M. (1967), Validity of the single processor approach to achieving large scale computing
capabilities. The cliff, and that memory divides evenly over workers, are decided here.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import MINUTE_US, NEVER_US, Bools, Floats, Ints
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Compute, Fleet, Kind

# Instance types: name, cores, memory in MB, DBU per hour (list, classic runtime).
NODE_TYPES = (
    ("m5d.large", 2, 8_192, 0.34),
    ("m5d.xlarge", 4, 16_384, 0.69),
    ("m5d.2xlarge", 8, 32_768, 1.37),
    ("m5d.4xlarge", 16, 65_536, 2.74),
    ("r5d.xlarge", 4, 32_768, 0.9),
    ("r5d.2xlarge", 8, 65_536, 1.8),
    ("c5d.2xlarge", 8, 16_384, 1.21),
    ("c5d.4xlarge", 16, 32_768, 2.43),
    ("i3.xlarge", 4, 31_232, 1.0),
    ("i3.2xlarge", 8, 62_464, 2.0),
)
NODE_NAMES = tuple(name for name, _, _, _ in NODE_TYPES)
NODE_CORES = np.array([cores for _, cores, _, _ in NODE_TYPES], dtype=np.int64)
NODE_MEMORY_MB = np.array([memory for _, _, memory, _ in NODE_TYPES], dtype=np.int64)
NODE_DBU_PER_HOUR = np.array([dbu for _, _, _, dbu in NODE_TYPES])

USABLE_MEMORY_SHARE = 0.85
"""Of a worker's memory; the rest belongs to the system. Demand beyond it spills."""
SPILL_FACTOR = 3.0
PHOTON_DBU_FACTOR = 2.0
MAX_WORKERS = 64
_UNDERSIZED_SHARE = 0.08
_RESIZED_SHARE = 0.2
_SPOT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Hardware:
    """Per job: the cluster it asks for, and the truth about its demand."""

    driver_type: Ints
    worker_type: Ints
    workers: Ints
    """Workers of a fixed cluster, or the most of an autoscaling one."""
    autoscale: Bools
    min_workers: Ints
    photon: Bools
    runtime: Ints
    serial_fraction: Floats
    busy_share: Floats
    """Mean share of busy worker cores at the current number of workers."""
    memory_demand_mb: Floats
    """Memory the job needs over all workers at once."""
    spot: Bools
    resized_us: Ints
    """When the cluster was given `workers_after`; never, for most."""
    workers_after: Ints

    def workers_at(self, job: Ints, at_us: Ints | int) -> Ints:
        """Workers of the definition in force at a time."""
        later = np.asarray(at_us) >= self.resized_us[job]
        return np.where(later, self.workers_after[job], self.workers[job])


def simulated_hardware(config: SimulatorConfig, fleet: Fleet) -> Hardware:
    """Some clusters oversized, some right, some bound by memory, some too small."""
    rng = generator(config.seed, "hardware")
    size = fleet.size
    worker_type = rng.choice(
        len(NODE_TYPES),
        size=size,
        p=[0.05, 0.26, 0.2, 0.05, 0.1, 0.08, 0.06, 0.03, 0.1, 0.07],
    ).astype(np.int64)
    # Long jobs have more workers: somebody once did so about their duration.
    longer = np.log(fleet.median_seconds / 600).clip(-2, 3)
    workers = np.rint(2.6 * np.exp(0.45 * longer + 0.75 * rng.standard_normal(size)))
    workers = workers.clip(1, MAX_WORKERS).astype(np.int64)
    workers[rng.random(size) < 0.12] = 0  # single-node clusters
    workers[(fleet.kind == Kind.CONTINUOUS) & (workers > 3)] = 3
    autoscale = (rng.random(size) < 0.35) & (workers >= 2)

    case = rng.random(size)
    over = config.oversized_share
    busy = np.select(
        [case < over, case < over + (1 - over) * 0.6, case < over + (1 - over) * 0.8],
        [rng.uniform(0.06, 0.3, size), rng.uniform(0.5, 0.78, size), rng.uniform(0.2, 0.4, size)],
        rng.uniform(0.82, 0.96, size),
    )
    # What lacks memory has spilled for as long as it has run: its median is that of spilling.
    undersized = (rng.random(size) < _UNDERSIZED_SHARE) & (case >= over)
    undersized &= "undersized" in config.quirks
    memory_bound = (case >= over + (1 - over) * 0.6) & (case < over + (1 - over) * 0.8)
    filled = np.where(
        memory_bound,
        rng.uniform(0.88, 0.99, size),
        np.where(case < over, rng.uniform(0.08, 0.3, size), rng.uniform(0.3, 0.75, size)),
    )
    filled = np.where(undersized, rng.uniform(1.05, 1.6, size), filled)
    usable_mb = NODE_MEMORY_MB[worker_type] * USABLE_MEMORY_SHARE
    resizable = (fleet.compute == Compute.JOB_CLUSTER) & ~autoscale & (workers >= 2)
    resizable &= ~np.isin(fleet.kind, (Kind.CONTINUOUS, Kind.NOTEBOOK))
    resizable &= (rng.random(size) < _RESIZED_SHARE) & ("resizes" in config.quirks)
    span_us = config.horizon_us - config.start_us
    at_us = config.start_us + (rng.uniform(0.1, 0.9, size) * span_us).astype(np.int64)
    factor = rng.choice([0.5, 0.5, 2.0], size)
    spot = (rng.random(size) < _SPOT_SHARE) & ("spot_replacement" in config.quirks)
    return hardware_from(
        driver_type=worker_type,
        worker_type=worker_type,
        workers=workers,
        autoscale=autoscale,
        photon=rng.random(size) < 0.3,
        runtime=rng.integers(0, len(RUNTIMES), size),
        busy_share=busy,
        memory_demand_mb=filled * usable_mb * np.maximum(workers, 1),
        spot=spot,
        resized_us=np.where(resizable, at_us // MINUTE_US * MINUTE_US, NEVER_US),
        workers_after=np.rint(workers * factor).clip(1, MAX_WORKERS).astype(np.int64),
    )


RUNTIMES = ("18.0.x", "16.4.x", "15.4.x", "14.3.x", "9.1.x")


def hardware_from(
    *,
    driver_type: Ints,
    worker_type: Ints,
    workers: Ints,
    autoscale: Bools,
    photon: Bools,
    runtime: Ints,
    busy_share: Floats,
    memory_demand_mb: Floats,
    spot: Bools,
    resized_us: Ints,
    workers_after: Ints,
) -> Hardware:
    """The serial fraction that makes `busy_share` true: s = (1 / busy - 1) / (workers - 1)."""
    # Amdahl cannot leave more than all but one worker idle; a lone node idles for other reasons.
    busy = np.where(workers > 1, np.maximum(busy_share, 1.05 / np.maximum(workers, 1)), busy_share)
    busy = np.minimum(busy, 0.97)
    serial = np.where(workers > 1, (1 / busy - 1) / np.maximum(workers - 1, 1), 0.0)
    return Hardware(
        driver_type=driver_type,
        worker_type=worker_type,
        workers=workers,
        autoscale=autoscale,
        min_workers=np.maximum(workers // 3, 1),
        photon=photon,
        runtime=runtime,
        serial_fraction=serial,
        busy_share=busy,
        memory_demand_mb=memory_demand_mb,
        spot=spot,
        resized_us=resized_us,
        workers_after=workers_after,
    )


def spills(hardware: Hardware, job: Ints, workers: Ints) -> Bools:
    """Whether so many workers lack the memory that the job needs."""
    usable_mb = NODE_MEMORY_MB[hardware.worker_type[job]] * USABLE_MEMORY_SHARE
    lacks: Bools = usable_mb * np.maximum(workers, 1) < hardware.memory_demand_mb[job] * (1 - 1e-9)
    return lacks


def law(hardware: Hardware, job: Ints, workers: Ints) -> Floats:
    """g(workers) of each job, times SPILL_FACTOR where they spill: seconds up to a constant."""
    serial, at_least_one = hardware.serial_fraction[job], np.maximum(workers, 1)
    factor = np.where(spills(hardware, job, workers), SPILL_FACTOR, 1.0)
    return np.asarray((serial + (1 - serial) / at_least_one) * factor)


def busy_at(hardware: Hardware, job: Ints, workers: Ints) -> Floats:
    """Mean share of busy worker cores with so many workers."""
    serial = hardware.serial_fraction[job]
    busy = 1 / (serial * np.maximum(workers, 1) + 1 - serial)
    same = np.maximum(workers, 1) == np.maximum(hardware.workers[job], 1)
    return np.where(same, hardware.busy_share[job], np.minimum(busy, 0.97))


def relative_seconds(hardware: Hardware, workers: Ints, current: Ints) -> Floats:
    """seconds(workers) / seconds(current) of every job under the scaling law."""
    everyone = np.arange(len(hardware.workers))
    return law(hardware, everyone, workers) / law(hardware, everyone, current)
