"""truth/prospects: how likely each run was to miss its service level, given what was known at the midnight UTC
before it was due (`simulator.runs.outlook`).

    P(miss) = P(fails) (1 - P(mended in time)) + (1 - P(fails)) P(too late, or stopped by its timeout and not mended in time)

The laws are those that the simulator draws by, over a fixed sample of 512 points: set-up, shock of the day's
volume, noise, straggler, whether an incident still lasts, delay of the start. Innovations, volume and set-up
are equal parts of their laws in random order. What is counted plainly: a repair after a failure does the
whole work; a second one is as much in time as the first; nobody waits for the run before. A run that is
cancelled or never starts is judged by nobody, and P(miss) is that of those which are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from simulator.clock import (
    DAY_US,
    SECOND_US,
    Bools,
    Floats,
    Ints,
    floor_to,
    from_seconds,
)
from simulator.columnar import take_rows
from simulator.columns import identifiers, strings_at, timestamps
from simulator.config import generator
from simulator.fleet import sla
from simulator.fleet.fleet import Compute
from simulator.fleet.task_graphs import stage_start
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.durations import (
    FREEDOM,
    SHORTEST_SECONDS,
    STRAGGLER_LOG_FACTOR,
    STRAGGLER_SHARE,
    longest_seconds,
)
from simulator.runs.outcomes import (
    FAILS_AGAIN_SHARE,
    LEAST_PAUSE_SECONDS,
    REPAIR_PAUSES,
    setup_seconds,
)
from simulator.runs.run_jobs import IDLE_SECONDS
from simulator.runs.runs import delay_seconds
from simulator.truth.service_levels import Levels, deadlines_us, levels_of

_POINTS = 512
_FINER = 64
"""Of so many draws for each point, every so many-th in order is one: the points are as even as the law."""
_ROWS_AT_ONCE = 4096
_SETUP_OF = (Compute.JOB_CLUSTER, Compute.SERVERLESS, Compute.ALL_PURPOSE)
"""Kinds of compute of which the set-up has laws of its own; all others have the last."""
_TENTHS = np.arange(11)
"""Memories are tenths."""
_MENDED = (1 - FAILS_AGAIN_SHARE) * np.array([1.0, FAILS_AGAIN_SHARE])


def prospects(history: History, traced: Bools) -> Any:
    """One row per run that was due, has left a trace by now, and has a readable service level.

    `history` has the runs that have left a trace, `traced` is which of all these are. `likely_after_seconds`
    is how long its first attempt lasts when from then on it more likely than not takes too long; NULL where
    it never is before it has.
    """
    outlook, levels = history.outlook, levels_of(history)
    run = np.flatnonzero(traced)
    is_judged = np.isin(levels.kind, (sla.LIMIT, sla.DEADLINE)) & (run < len(outlook.row))
    asked = np.flatnonzero(is_judged)
    row = outlook.row[run[asked]]
    chance, likely_after = np.empty(len(asked)), np.empty(len(asked))
    law = _Law(history, _sample(history, 0), _sample(history, 1))
    for kind in (sla.LIMIT, sla.DEADLINE):
        of_kind = np.flatnonzero(levels.kind[asked] == kind)
        for low in range(0, len(of_kind), _ROWS_AT_ONCE):
            some = of_kind[low : low + _ROWS_AT_ONCE]
            declared = take_rows(levels, asked[some])
            chance[some], likely_after[some] = law.misses(row[some], declared, kind)
    return pa.table(
        {
            "workspace_id": strings_at(
                WORKSPACE_IDS, history.fleet.workspace[history.runs.job[asked]]
            ),
            "run_id": identifiers(history.ids.run[asked]),
            "asked_at": timestamps(floor_to(outlook.due_us[row], DAY_US)),
            "miss_probability": pa.array(chance),
            "likely_after_seconds": pa.array(likely_after, mask=np.isnan(likely_after)),
        }
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """Points of the laws, all of one length: `noise` by tenths of memory and by steps less 1, `setup` seconds by kind
    of compute, `incident` equal parts of 0 to 1, and logarithms of what volume (in its spread) and stragglers add."""

    noise: Floats
    volume: Floats
    straggler: Floats
    incident: Floats
    setup: Floats
    delay: Floats
    idle: Floats


def _sample(history: History, number: int) -> _Sample:
    """The same for every account; of another number independent of it."""
    rng = generator(0, "prospects", number)
    steps = int(history.outlook.steps.max(initial=1))

    def parts() -> Floats:
        return rng.permutation((np.arange(_POINTS) + 0.5) / _POINTS)

    def drawn(draw: Callable[[int], Floats]) -> Floats:
        finer = np.sort(draw(_POINTS * _FINER))
        return rng.permutation(finer[_FINER // 2 :: _FINER])

    def setup(compute: Compute) -> Floats:
        return drawn(lambda rows: setup_seconds(rng, np.full(rows, compute)))

    innovations = [stats.t.ppf(parts(), FREEDOM) / np.sqrt(2) for _ in range(steps)]
    noise = np.empty((len(_TENTHS), steps, _POINTS))
    for place, memory in enumerate(_TENTHS / 10):
        state = np.zeros(_POINTS)
        for step, innovation in enumerate(innovations):
            state = memory * state + np.sqrt(1 - memory**2) * innovation
            noise[place, step] = state
    least, most = STRAGGLER_LOG_FACTOR
    slow = parts() / STRAGGLER_SHARE
    is_slow = (slow < 1) & ("slowdowns" in history.quirks)
    least_idle, most_idle = IDLE_SECONDS
    return _Sample(
        noise=noise,
        volume=stats.norm.ppf(parts()),
        straggler=np.where(is_slow, least + (most - least) * slow, 0.0),
        incident=parts(),
        setup=np.stack([setup(compute) for compute in _SETUP_OF]),
        delay=drawn(lambda rows: delay_seconds(rng, rows)),
        idle=least_idle + (most_idle - least_idle) * parts(),
    )


@dataclass(frozen=True, slots=True)
class _Attempts:
    """First attempts (rows) at the points of a sample (columns): seconds, those of the set-up, and the timeout of
    the job (a column; infinite without one), which stops what takes longer."""

    seconds: Floats
    setup: Floats
    timeout: Floats


@dataclass(frozen=True, slots=True)
class _Law:
    """What can come of runs, each of them with a sample, and what fires it or is fired by it with another."""

    history: History
    own: _Sample
    other: _Sample

    def misses(self, row: Ints, levels: Levels, kind: int) -> tuple[Floats, Floats]:
        """P(miss), and after how many seconds it is likely, of due runs with service levels of one kind."""
        outlook = self.history.outlook
        job = outlook.job[row]
        attempt = self._attempts(self.own, row)
        wait, wait_fails = self._fired(row)
        lasts = attempt.seconds + wait
        if kind == sla.LIMIT:
            allowed = np.broadcast_to(levels.limit_us[:, None] / SECOND_US, lasts.shape)
        else:
            allowed = self._until_due(row, levels) - self.own.delay

        def in_time(rows: Ints | slice, spent: Floats, rest: Floats) -> Floats:
            """The chance that a repair keeps the service level, by the seconds before its pause and its own."""
            is_whole = rest <= attempt.timeout[rows]
            if kind == sla.LIMIT:
                return np.asarray(is_whole & (rest <= allowed[rows]), dtype=float)
            return np.asarray(is_whole * _paused(allowed[rows] - spent - rest))

        share = outlook.repair_share[job]
        mended = _MENDED[0] * share + _MENDED[1] * share**2
        late = np.where(lasts > allowed, 1.0, wait_fails)
        is_stopped = attempt.seconds > attempt.timeout
        some = np.flatnonzero(is_stopped.any(axis=1))
        rest = self._rest(row[some], attempt, some)
        kept = mended[some, None] * in_time(some, attempt.timeout[some], rest)
        late[some] = np.where(is_stopped[some], 1.0 - kept, late[some])
        after_failure = in_time(slice(None), attempt.setup, attempt.seconds).mean(axis=1)
        fails = outlook.failure_chance[row]
        chance = fails * (1 - mended * after_failure) + (1 - fails) * late.mean(axis=1)
        return chance, _likely_after(lasts, allowed)

    def _attempts(self, sample: _Sample, row: Ints) -> _Attempts:
        outlook, fleet = self.history.outlook, self.history.fleet
        job = outlook.job[row]
        tenths = np.rint(outlook.memory[job] * 10).astype(np.int64)
        has_incident = sample.incident < outlook.incident_chance[row][:, None]
        log_work = (
            outlook.log_seconds[row][:, None]
            + outlook.spread[job][:, None] * sample.noise[tenths, outlook.steps[row] - 1]
            + outlook.volume_spread[job][:, None] * sample.volume
            + sample.straggler
            + outlook.incident_level[row][:, None] * has_incident
        )
        longest = longest_seconds(fleet.kind[job])[:, None]
        compute = np.minimum(fleet.compute[job], len(_SETUP_OF) - 1)
        timeout = fleet.timeout_seconds[job].astype(np.float64)
        setup = sample.setup[compute]
        return _Attempts(
            seconds=setup + np.clip(np.exp(log_work), SHORTEST_SECONDS, longest),
            setup=setup,
            timeout=np.where(timeout > 0, timeout, np.inf)[:, None],
        )

    def _fired(self, row: Ints) -> tuple[Floats, Floats]:
        """Seconds that attempts wait for what they fire, and the chance that this does not succeed."""
        outlook = self.history.outlook
        by = np.flatnonzero(outlook.fires[row] >= 0)
        wait, fails = np.zeros((len(row), _POINTS)), np.zeros((len(row), _POINTS))
        fired = outlook.fires[row[by]]
        attempt = self._attempts(self.other, fired)
        wait[by] = self.other.idle + np.minimum(attempt.seconds, attempt.timeout)
        chance = outlook.failure_chance[fired][:, None]
        fails[by] = np.where(attempt.seconds > attempt.timeout, 1.0, chance)
        return wait, fails

    def _until_due(self, row: Ints, levels: Levels) -> Floats:
        """Seconds from when each run could start to its deadline; a fired one starts when it is fired."""
        outlook = self.history.outlook
        due_us = outlook.due_us[row]
        plain = (deadlines_us(levels, due_us) - due_us) / SECOND_US
        seconds: Floats = np.repeat(plain, _POINTS).reshape(len(row), _POINTS)
        fired = np.flatnonzero(outlook.fired_by[row] >= 0)
        upstream = self._attempts(self.other, outlook.fired_by[row[fired]])
        begin_us = due_us[fired, None] + from_seconds(self.other.idle + upstream.seconds)
        of_point = take_rows(levels, np.repeat(fired, _POINTS))
        until_us = deadlines_us(of_point, begin_us.ravel()).reshape(begin_us.shape)
        seconds[fired] = (until_us - begin_us) / SECOND_US
        return seconds

    def _rest(self, row: Ints, attempt: _Attempts, index: Ints) -> Floats:
        """Seconds of a repair of attempts that the timeout stops, from the stage in which that usually is."""
        setup = attempt.setup[index]
        work = attempt.seconds[index] - setup
        progress = (attempt.timeout[index, 0] - setup.mean(axis=1)) / work.mean(axis=1)
        job = self.history.outlook.job[row]
        stage = stage_start(self.history.graphs, job, np.clip(progress, 0.001, 0.999))
        return np.asarray(setup + (1 - stage[:, None]) * work)


def _paused(seconds: Floats) -> Floats:
    """The chance that a repair begins within so many seconds of the failure."""
    left = np.maximum(seconds - LEAST_PAUSE_SECONDS, 0)
    return np.asarray(sum(share * -np.expm1(-left / mean) for share, mean in REPAIR_PAUSES))


def _likely_after(seconds: Floats, allowed: Floats) -> Floats:
    """The quantile at 1 - 2 P(late): of those that last as long, half are late."""
    late = (seconds > allowed).mean(axis=1)
    after = np.where(late >= 0.5, 0.0, np.nan)
    some = np.flatnonzero((late > 0) & (late < 0.5))
    order = np.sort(seconds[some].astype(np.float32), axis=1)
    place = np.ceil((1 - 2 * late[some]) * _POINTS).astype(np.int64) - 1
    after[some] = order[np.arange(len(some)), np.maximum(place, 0)]
    return after
