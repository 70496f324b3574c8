"""The jobs of the account: what kind each is, where it lives, what it runs on and for how long.

Half are nightly, a quarter run hourly, the rest weekly, by hand, continuously or submitted by an
outside scheduler. Medians of duration and sizes of clusters are log-normal over the fleet, so
that a few jobs carry most of the bill.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from simulator.clock import DAY_US, NEVER_US, Bools, Floats, Ints
from simulator.config import SimulatorConfig, generator
from simulator.identity import numbers, ordinals_within


class Kind(IntEnum):
    """How runs of a job come about."""

    HOURLY = 0
    NIGHTLY = 1
    WEEKLY = 2
    CONTINUOUS = 3
    MANUAL = 4
    SUBMITTED = 5
    """One-off submits of an outside scheduler: a new job id each time, the same run name."""
    NOTEBOOK = 6
    """Notebook workflow runs that runs of another job start."""
    FIRED = 7
    """By a Run Job task of another job."""


class Compute(IntEnum):
    """What a job runs on."""

    JOB_CLUSTER = 0
    SERVERLESS = 1
    ALL_PURPOSE = 2
    PARENT = 3
    """Whatever the run uses whose notebook started this one."""
    PIPELINE = 4
    """The pipeline that its only task starts."""
    WAREHOUSE = 5
    """A SQL warehouse, for jobs of SQL tasks."""


# Kinds that are drawn: fired jobs are chosen among the nightly ones.
_KIND_SHARES = {
    Kind.HOURLY: 0.25,
    Kind.NIGHTLY: 0.49,
    Kind.WEEKLY: 0.11,
    Kind.CONTINUOUS: 0.006,
    Kind.MANUAL: 0.074,
    Kind.SUBMITTED: 0.06,
    Kind.NOTEBOOK: 0.01,
}
# Median over jobs of the median work time, and the spread of its logarithm over jobs, by Kind.
_MEDIAN_SECONDS = {
    Kind.HOURLY: (150, 0.8),
    Kind.NIGHTLY: (1200, 1.15),
    Kind.WEEKLY: (2400, 1.0),
    Kind.CONTINUOUS: (100_000, 0.3),
    Kind.MANUAL: (400, 1.2),
    Kind.SUBMITTED: (420, 1.0),
    Kind.NOTEBOOK: (120, 0.6),
}
# Kinds that a quirk brings.
_QUIRK_OF_KIND = {
    Kind.CONTINUOUS: "continuous",
    Kind.SUBMITTED: "one_off_submits",
    Kind.NOTEBOOK: "notebook_workflows",
}
_SQL_SHARE = 0.03
_JOB_SALT = 1 << 30


@dataclass(frozen=True, slots=True)
class Fleet:
    """One entry per job, or per series of submitted runs."""

    workspace: Ints
    job_number: Ints
    """The job id; of a submitted series only a seed for the ids of its runs."""
    kind: Ints
    compute: Ints
    single_task: Bools
    """Legacy single-task format: run-level durations are reported, 0 otherwise."""
    created_us: Ints
    deleted_us: Ints
    median_seconds: Floats
    failure_share: Floats
    timeout_seconds: Ints

    @property
    def size(self) -> int:
        return len(self.workspace)

    @property
    def has_definition(self) -> Bools:
        """Whether the job has rows in the jobs table."""
        defined: Bools = (self.kind != Kind.SUBMITTED) & (self.kind != Kind.NOTEBOOK)
        return defined


def spread_workspaces(rng: np.random.Generator, size: int, workspaces: int) -> Ints:
    """Workspaces of unequal size: each has half as many jobs as the one before."""
    weights = 0.5 ** np.arange(workspaces)
    return rng.choice(workspaces, size=size, p=weights / weights.sum()).astype(np.int64)


def job_numbers(workspace: Ints, may_share: bool) -> Ints:
    """Job ids; a few may be the same in several workspaces."""
    return numbers(ordinals_within(workspace), workspace, _JOB_SALT, may_share)


def simulated_fleet(config: SimulatorConfig) -> Fleet:
    """The fleet that the settings describe."""
    rng = generator(config.seed, "fleet")
    size, start_us, end_us = config.jobs, config.start_us, config.horizon_us
    workspace = spread_workspaces(rng, size, config.workspaces)
    kind = _kinds(rng, size, config.quirks)
    shared = config.all_purpose_share if "all_purpose" in config.quirks else 0.0
    shares = (1 - config.serverless_share - shared, config.serverless_share, shared)
    compute = rng.choice(3, size=size, p=shares).astype(np.int64)
    # Continuous jobs on classic compute would fill the account with node-minutes of few jobs.
    compute[(kind == Kind.CONTINUOUS) & (rng.random(size) < 0.7)] = Compute.SERVERLESS

    compute[kind == Kind.NOTEBOOK] = Compute.PARENT
    sql = (rng.random(size) < _SQL_SHARE) & np.isin(kind, (Kind.HOURLY, Kind.NIGHTLY, Kind.WEEKLY))
    if "sql_tasks" in config.quirks:
        compute[sql] = Compute.WAREHOUSE

    medians = np.array([median for median, _ in _MEDIAN_SECONDS.values()])
    spreads = np.array([spread for _, spread in _MEDIAN_SECONDS.values()])
    median_seconds = medians[kind] * np.exp(spreads[kind] * rng.standard_normal(size))
    median_seconds = np.clip(median_seconds, 8, np.where(kind == Kind.HOURLY, 1200, 200_000))

    created_us = start_us - (rng.uniform(3, 900, size) * DAY_US).astype(np.int64)
    young = rng.random(size) < 0.07
    created_us[young] = start_us + (rng.random(young.sum()) * (end_us - start_us)).astype(np.int64)
    deleted = (rng.random(size) < 0.03) & (kind != Kind.SUBMITTED) & (kind != Kind.NOTEBOOK)
    deleted &= "deletions" in config.quirks
    life = rng.uniform(0.1, 1, size) * (end_us - np.maximum(created_us, start_us))
    deleted_us = np.where(
        deleted, np.maximum(created_us, start_us) + life.astype(np.int64), NEVER_US
    )

    # Failure is a property of the job: most fail rarely, a few often (gamma, shape 0.6).
    failure_share = np.minimum(config.failure_share * rng.gamma(0.6, 1 / 0.6, size), 0.6)
    failure_share *= "failures" in config.quirks
    has_timeout = (rng.random(size) < 0.3) & ("failures" in config.quirks)
    timeout = np.ceil(median_seconds * rng.uniform(1.8, 6, size) / 600) * 600 + 600
    return Fleet(
        workspace=workspace,
        job_number=job_numbers(workspace, "shared_ids" in config.quirks),
        kind=kind,
        compute=compute,
        single_task=rng.random(size) < 0.08,
        created_us=created_us,
        deleted_us=deleted_us,
        median_seconds=median_seconds,
        failure_share=failure_share,
        timeout_seconds=np.where(has_timeout & (kind != Kind.CONTINUOUS), timeout, 0).astype(
            np.int64
        ),
    )


def _kinds(rng: np.random.Generator, size: int, quirks: frozenset[str]) -> Ints:
    """Exact shares of each kind (the rest nightly), shuffled; a continuous job is always there."""
    counts = {kind: round(share * size) for kind, share in _KIND_SHARES.items()}
    if size >= 20:
        counts[Kind.CONTINUOUS] = max(counts[Kind.CONTINUOUS], 1)
        counts[Kind.NOTEBOOK] = max(counts[Kind.NOTEBOOK], 1)
    for kind, quirk in _QUIRK_OF_KIND.items():
        counts[kind] *= quirk in quirks
    counts[Kind.NIGHTLY] += size - sum(counts.values())
    codes = np.repeat([int(kind) for kind in counts], list(counts.values())).astype(np.int64)
    return rng.permutation(codes)
