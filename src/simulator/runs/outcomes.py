"""How attempts end (success, failure, timeout, cancellation), and which are repaired.

An attempt is a set-up (a cluster, an environment) and then a stretch of the job's work, from
`progress_from` to `progress_to`. A failed attempt stops inside a stage of the task graph; its
repair starts again at the beginning of that stage, after a pause, under the same run.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from simulator.clock import (
    Bools,
    Floats,
    Ints,
    from_seconds,
)
from simulator.columnar import concatenated, take_rows
from simulator.config import SimulatorConfig, generator
from simulator.fleet.fleet import Compute, Fleet
from simulator.fleet.task_graphs import Graphs, stage_start


class Status(IntEnum):
    """How an attempt, or a run, ended."""

    SUCCEEDED = 0
    FAILED = 1
    TIMED_OUT = 2
    CANCELLED = 3
    SKIPPED = 4
    IN_FLIGHT = 5


# Termination code, its type, and how often it is the reason of a failure.
SUCCESS, TIMEOUT, CANCELLED, SKIPPED, QUEUE_FULL = 0, 1, 2, 3, 4
FIRST_FAILURE = 5
CODES = (
    ("SUCCESS", "SUCCESS", 0.0),
    ("CANCELED", "CLIENT_ERROR", 0.0),
    ("USER_CANCELED", "CLIENT_ERROR", 0.0),
    ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR", 0.0),
    ("MAX_JOB_QUEUE_SIZE_EXCEEDED", "CLIENT_ERROR", 0.0),
    ("RUN_EXECUTION_ERROR", "CLIENT_ERROR", 0.78),
    ("CLUSTER_ERROR", "CLOUD_FAILURE", 0.06),
    ("DRIVER_ERROR", "INTERNAL_ERROR", 0.05),
    ("STORAGE_ACCESS_ERROR", "CLOUD_FAILURE", 0.03),
    ("LIBRARY_INSTALLATION_ERROR", "CLIENT_ERROR", 0.03),
    ("UNAUTHORIZED_ERROR", "CLIENT_ERROR", 0.02),
    ("CLOUD_FAILURE", "CLOUD_FAILURE", 0.02),
    ("INTERNAL_ERROR", "INTERNAL_ERROR", 0.01),
    ("CANCELLED", "CLIENT_ERROR", 0.0),
)
_FAILURE_WEIGHTS = np.array([weight for _, _, weight in CODES[FIRST_FAILURE:]])
CANCELLED_DOUBLE_L = len(CODES) - 1
CANCEL_SHARE = 0.004
FAILS_AGAIN_SHARE = 0.22
MOST_REPAIRS = 2
REPAIR_PAUSES = ((0.6, 300.0), (0.4, 9000.0))
"""Shares and mean seconds: a retry within minutes, or a person the next morning."""
LEAST_PAUSE_SECONDS = 45


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts of runs, as they went and will go."""

    run: Ints
    number: Ints
    start_us: Ints
    end_us: Ints
    setup_us: Ints
    status: Ints
    code: Ints
    progress_from: Floats
    progress_to: Floats
    wait_us: Ints
    """How long, up to its end, it waits for the run that its Run Job task has fired; 0 for most."""

    @property
    def worked_until_us(self) -> Ints:
        """The end of its own work."""
        return self.end_us - self.wait_us


@dataclass(frozen=True, slots=True)
class Tries:
    """What would happen to one attempt of each run, times aside."""

    setup_us: Ints
    length_us: Ints
    status: Ints
    code: Ints
    progress_to: Floats
    wait_us: Ints
    """As of Attempts, a part of the length."""


def setup_seconds(rng: np.random.Generator, compute: Ints) -> Floats:
    """A new cluster takes minutes, serverless seconds, a warm shared cluster almost nothing."""
    rows = len(compute)
    return np.select(
        [compute == Compute.JOB_CLUSTER, compute == Compute.SERVERLESS],
        [130 + rng.gamma(4, 22, rows), 4 + rng.gamma(2, 5, rows)],
        0.5 + rng.exponential(0.8, rows),
    )


def tried(
    rng: np.random.Generator,
    fleet: Fleet,
    job: Ints,
    work_seconds: Floats,
    progress_from: Floats,
    failure_share: Floats,
    cancel_share: float,
) -> Tries:
    """Draw how an attempt goes that starts at `progress_from` of the work."""
    rows = len(job)
    setup = setup_seconds(rng, fleet.compute[job])
    chance = rng.random(rows)
    fails = chance < failure_share
    cancelled = ~fails & (chance < failure_share + cancel_share)
    code = np.where(
        fails, FIRST_FAILURE + rng.choice(len(_FAILURE_WEIGHTS), rows, p=_FAILURE_WEIGHTS), SUCCESS
    )
    # Failures come early more often than late; those of the platform at once.
    share = np.where(code > FIRST_FAILURE, rng.uniform(0.001, 0.1, rows), rng.beta(0.9, 1.1, rows))
    share = np.where(fails | cancelled, share.clip(0.001, 0.999), 1.0)
    length = setup + share * (1 - progress_from) * work_seconds
    limit = fleet.timeout_seconds[job]
    late = (limit > 0) & (length > limit)
    share = np.where(late, (share * limit / length).clip(0.001, 0.999), share)
    length = np.where(late, limit, length)
    status = np.select(
        [late, fails, cancelled],
        [Status.TIMED_OUT, Status.FAILED, Status.CANCELLED],
        Status.SUCCEEDED,
    )
    code = np.where(late, TIMEOUT, np.where(cancelled & ~late, CANCELLED, code))
    setup = np.minimum(setup, 0.9 * length)
    return Tries(
        setup_us=from_seconds(setup),
        length_us=np.maximum(from_seconds(length), 1000),
        status=status.astype(np.int64),
        code=code.astype(np.int64),
        progress_to=progress_from + share * (1 - progress_from),
        wait_us=np.zeros(rows, dtype=np.int64),
    )


def first_tries(config: SimulatorConfig, fleet: Fleet, job: Ints, work_seconds: Floats) -> Tries:
    """The first attempt of every run."""
    rng = generator(config.seed, "outcomes")
    cancel_share = CANCEL_SHARE if "failures" in config.quirks else 0.0
    share = fleet.failure_share[job]
    tries = tried(rng, fleet, job, work_seconds, np.zeros(len(job)), share, cancel_share)
    spelled = (tries.code == CANCELLED) & (rng.random(len(job)) < 0.4)
    spelled &= "cancel_spellings" in config.quirks
    return replace(tries, code=np.where(spelled, CANCELLED_DOUBLE_L, tries.code))


def with_repairs(
    config: SimulatorConfig,
    fleet: Fleet,
    graphs: Graphs,
    job: Ints,
    work_seconds: Floats,
    first: Attempts,
    repaired: Bools,
) -> Attempts:
    """The first attempts and the repairs that follow failed ones, by run and number.

    `repaired` is, for each run, whether it may be repaired at all.
    """
    rng = generator(config.seed, "repairs")
    rounds = [first]
    for number in range(1, MOST_REPAIRS + 1):
        before = rounds[-1]
        mended = np.isin(before.status, (Status.FAILED, Status.TIMED_OUT)) & repaired[before.run]
        mended &= rng.random(len(mended)) < config.repair_share
        run = before.run[mended]
        (soon, soon_seconds), (_, later_seconds) = REPAIR_PAUSES
        pause = np.where(
            rng.random(len(run)) < soon,
            rng.exponential(soon_seconds, len(run)),
            rng.exponential(later_seconds, len(run)),
        )
        start_us = before.end_us[mended] + from_seconds(pause + LEAST_PAUSE_SECONDS)
        again = stage_start(graphs, job[run], before.progress_to[mended])
        seconds = work_seconds[run] * np.exp(0.1 * rng.standard_normal(len(run)))
        tries = tried(
            rng,
            fleet,
            job[run],
            seconds,
            again,
            np.full(len(run), FAILS_AGAIN_SHARE),
            CANCEL_SHARE,
        )
        happens = start_us < fleet.deleted_us[job[run]]
        rounds.append(_attempts(run, number, start_us, again, tries, happens))
    return ordered(rounds)


def first_attempts(run: Ints, start_us: Ints, tries: Tries) -> Attempts:
    """Attempt 0 of each run, from its start."""
    everything = np.ones(len(run), dtype=bool)
    return _attempts(run, 0, start_us, np.zeros(len(run)), tries, everything)


def _attempts(
    run: Ints, number: int, start_us: Ints, progress_from: Floats, tries: Tries, starts: Bools
) -> Attempts:
    attempts = Attempts(
        run=run,
        number=np.full(len(run), number, dtype=np.int64),
        start_us=start_us,
        end_us=start_us + tries.length_us,
        setup_us=tries.setup_us,
        status=tries.status,
        code=tries.code,
        progress_from=progress_from,
        progress_to=tries.progress_to,
        wait_us=tries.wait_us,
    )
    return take_rows(attempts, starts)


def ordered(rounds: list[Attempts]) -> Attempts:
    """Attempts of several rounds by run and number."""
    attempts = concatenated(rounds)
    return take_rows(attempts, np.lexsort((attempts.number, attempts.run)))
