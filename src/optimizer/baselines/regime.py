"""The walk along a job's runs that keeps what each is compared with, and the sums that end a regime.

Definitions and decisions are in `optimizer.baselines.replay`; this file is their compiled form. A job
is walked once in order of start; runs are learned from in order of their end, which is when they are known.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.baselines.candidates import (
    CANDIDATES,
    LEVEL,
    LOG_WEIGHT,
    MEAN,
    NOISE,
    OFFSET,
    OWN,
    RESIDUALS,
    STEADY,
    WEIGHT_NOW,
    Candidates,
    Run,
    begin_job,
    begin_level,
    candidates,
    expect,
    leading,
    learn,
    look_at_window,
    relevel,
    wake,
    weigh,
)
from optimizer.baselines.tail import (
    CENTER,
    LAW,
    fit_law,
    has_two_modes,
    mode_offset,
    tails,
    usual_range,
)
from optimizer.baselines.window import kind_of_hour
from optimizer.cusum import NO_CHANGE, accumulate, normal_score
from optimizer.kernel import inner_kernel, kernel
from optimizer.panel import NEVER_US
from optimizer.robust import MAD_TO_SD, sorted_mad, sorted_median

__all__ = [
    "DEGENERATE", "NOT_ASSESSED", "NO_TIME_US", "TOO_FEW_RUNS", "Limits", "Memory", "Runs", "Said",
    "memory", "replay_jobs", "said",
]  # fmt: skip

NO_TIME_US: Final = int(np.iinfo(np.int64).min)

# Positions in `optimizer.result.STATUS_BY_CODE`.
OK: Final = 0
TOO_FEW_RUNS: Final = 1
DEGENERATE: Final = 2
NOT_ASSESSED: Final = 3

_REFITTED_AFTER: Final = 3
"""The tails are fitted anew when a third of the residuals is new."""
_RARE: Final = 0.05
_SHOWN_RUNS: Final = 2.0
_FLAGGED_SCORE: Final = 3.09
"""That of a p-value of a thousandth."""
_SCORE_OF_INCIDENT: Final = 2.5
_FEWEST_RESIDUALS: Final = 4
_NEW_LEVEL_VARIANCE: Final = 4.0
_JUMPS: Final = 0.2
_JUMP_RUNS: Final = 10.0
_JUMP_SD: Final = 0.7
_JUMP_SCALES: Final = 20.0
"""Before a job has shown any: so many changes of level in so many runs, and how large they are at most: in log
units, and in scales."""
_MOST_VOLUME: Final = 3.0

# Positions in the counters of a job.
_COUNT, _REGIME, _REGIME_FIRST, _LEAD, _FITTED_AT, _VARIES, _VOLUMES, _LAST_TESTED = range(8)
_COUNTERS: Final = 8
_NONE: Final = -1

_LOG_WEIGHT: Final = LOG_WEIGHT - NOISE
"""Its column in what was undisturbed."""

# Positions in the band of a law.
_LOW, _SD_BELOW, _CENTER, _SD_ABOVE, _HIGH = range(5)


class Limits(NamedTuple):
    """The settings, as `optimizer.config.BaselineConfig` explains them."""

    window_runs: int
    min_runs: int
    min_scale: float
    slack: float
    threshold: float
    cap: float


class Runs(NamedTuple):
    """The runs of some jobs (R,), job after job: what the walk is given."""

    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    by_end: NDArray[np.int64]
    log_value: NDArray[np.float64]
    slot: NDArray[np.int16]
    month: NDArray[np.int8]
    log_volume: NDArray[np.float64]
    """NaN where the input volume is not known."""
    joins: NDArray[np.bool_]
    """Those that are learned from when they have ended."""
    tested: NDArray[np.bool_]
    """Those that are compared with what has been learned."""


class Said(NamedTuple):
    """What is said of runs when they start: arrays (n,), logs of the value."""

    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    stretch: NDArray[np.float64]
    """How much wider than the law of the residuals, for what is not known of the center."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_slow: NDArray[np.float64]
    p_short: NDArray[np.float64]
    shift: NDArray[np.float64]
    """New level less the old, where a change was declared at this run; else NaN."""
    runs: NDArray[np.int64]
    """Size of the baseline: runs of the regime, at most the window."""
    regime_us: NDArray[np.int64]
    code: NDArray[np.int8]


def said(size: int) -> Said:
    """Nothing said of `size` runs."""
    center, scale, stretch, low, high, slow, short, shift = (
        np.full(size, np.nan) for _ in range(8)
    )
    return Said(
        center, scale, stretch, low, high, slow, short, shift,
        runs=np.zeros(size, dtype=np.int64),
        regime_us=np.full(size, NO_TIME_US, dtype=np.int64),
        code=np.full(size, NOT_ASSESSED, dtype=np.int8),
    )  # fmt: skip


class Memory(NamedTuple):
    """What the walk knows of a job."""

    state: Candidates
    members: NDArray[np.int64]
    """Runs that have been learned from, in order of end; counters say how many."""
    score: NDArray[np.float64]
    """Normal score of each run of the job, and the regime in which it was given."""
    scored_in: NDArray[np.int64]
    counters: NDArray[np.int64]
    sums: NDArray[np.float64]
    """Slow and short; `begun` are the members where they left zero."""
    begun: NDArray[np.int64]
    volume: NDArray[np.float64]
    """(1,) sum of the log input volumes."""
    jumps: NDArray[np.float64]
    """(2,) how many changes of level were declared, and the sum of their squared sizes."""
    law: NDArray[np.float64]
    band: NDArray[np.float64]
    undisturbed: NDArray[np.float64]
    """(K, 3) noise, its runs and log weights when both sums were last at zero."""


def memory(longest: int, usual: NDArray[np.float64]) -> Memory:
    """Room for a job of at most `longest` runs; `usual` (EFFECTS,) is what effects usually are."""
    return Memory(
        state=candidates(usual),
        members=np.empty(longest, dtype=np.int64),
        score=np.empty(longest),
        scored_in=np.empty(longest, dtype=np.int64),
        counters=np.empty(_COUNTERS, dtype=np.int64),
        sums=np.empty(2),
        begun=np.empty(2, dtype=np.int64),
        volume=np.empty(1),
        jumps=np.empty(2),
        law=np.empty(LAW),
        band=np.empty(5),
        undisturbed=np.empty((CANDIDATES, 3)),
    )


@inner_kernel
def _forget(known: Memory) -> None:
    known.scored_in[:] = _NONE
    known.counters[:] = 0
    known.counters[_LAST_TESTED] = _NONE
    known.sums[:] = 0.0
    known.begun[:] = 0
    known.volume[:] = 0.0
    known.jumps[:] = 0.0
    known.law[:] = 0.0


@inner_kernel
def _accumulate(
    sums: NDArray[np.float64], begun: NDArray[np.int64], member: int, u: float, limits: Limits
) -> int:
    """Add a normal score to both sums; the side that is over the threshold, or NO_CHANGE."""
    return accumulate(sums, begun, member, u, 1.0, limits.slack, limits.threshold, limits.cap)


@inner_kernel
def _run(runs: Runs, i: int, known: Memory) -> Run:
    volume = 0.0
    if known.counters[_VOLUMES] > 0 and math.isfinite(runs.log_volume[i]):
        usual = known.volume[0] / known.counters[_VOLUMES]
        volume = min(max(runs.log_volume[i] - usual, -_MOST_VOLUME), _MOST_VOLUME)
    # Of one type with every other run, else all that takes one is compiled twice.
    return Run(runs.log_value[i], int(np.int64(runs.slot[i])), int(np.int64(runs.month[i])), volume)


@inner_kernel
def _begin(runs: Runs, limits: Limits, known: Memory) -> None:
    """Learn the first runs, from whose median and MAD the candidates set out."""
    first = known.members[: known.counters[_COUNT]]
    ordered = np.empty(first.shape[0])
    for at in range(first.shape[0]):
        ordered[at] = runs.log_value[first[at]]
    ordered.sort()
    level = sorted_median(ordered, ordered.shape[0])
    sd = sorted_mad(ordered, ordered.shape[0], level) * MAD_TO_SD
    # A few runs look less spread than the job is.
    min_noise = limits.min_scale * limits.min_scale
    begin_job(known.state, level, max(1.3 * sd * sd, min_noise))
    for i in first:
        run = _run(runs, i, known)
        wake(known.state, run.slot)
        expect(known.state, run)
        learn(known.state, run, min_noise)
    _remember_undisturbed(known)


@inner_kernel
def _remember_undisturbed(known: Memory) -> None:
    for k in range(CANDIDATES):
        for column in range(3):
            known.undisturbed[k, column] = known.state.known[k, NOISE + column]


@inner_kernel
def _learn_run(runs: Runs, j: int, at: int, limits: Limits, known: Memory) -> None:
    """Learn from run j, number `at` of its job, now that it has ended."""
    count = known.counters[_COUNT]
    known.members[count] = j
    known.counters[_COUNT] = count + 1
    if math.isfinite(runs.log_volume[j]):
        known.volume[0] += runs.log_volume[j]
        known.counters[_VOLUMES] += 1
    if runs.log_value[j] != runs.log_value[known.members[0]]:
        known.counters[_VARIES] = 1
    if count + 1 < limits.min_runs:
        return
    if count + 1 == limits.min_runs:
        _begin(runs, limits, known)
        return
    side = NO_CHANGE
    # A score from before the current regime says nothing about it.
    if known.scored_in[at] == known.counters[_REGIME]:
        if known.sums[0] == 0.0 and known.sums[1] == 0.0:
            _remember_undisturbed(known)
        side = _accumulate(known.sums, known.begun, count, known.score[at], limits)
    run = _run(runs, j, known)
    state = known.state
    wake(state, run.slot)
    expect(state, run)
    state.known[:, OFFSET] = 0.0
    if has_two_modes(known.law):
        for k in range(state.awake[0]):
            residual = run.log_value - state.known[k, MEAN]
            state.known[k, OFFSET] = mode_offset(residual, known.law)
    learn(state, run, limits.min_scale * limits.min_scale)
    if side != NO_CHANGE:
        _begin_regime(runs, side, known)


@inner_kernel
def _begin_regime(runs: Runs, side: int, known: Memory) -> None:
    """Begin anew at the run where the winning sum left zero, keeping the rhythm and the tails."""
    count, state = known.counters[_COUNT], known.state
    known.counters[_REGIME] += 1
    known.counters[_REGIME_FIRST] = known.begun[side]
    known.sums[:] = 0.0
    # What the change has taught of the noise is unlearned, and what of the paces: a level that was fixed
    # and has changed once is fixed. What it has taught of the rhythms is kept.
    undisturbed, learned = known.undisturbed, np.empty(CANDIDATES)
    for k in range(CANDIDATES):
        steady = STEADY[k]
        learned[k] = state.known[steady, LOG_WEIGHT] - undisturbed[steady, _LOG_WEIGHT]
    changed = count - known.begun[side]
    for k in range(CANDIDATES):
        for column in range(3):
            state.known[k, NOISE + column] = undisturbed[k, column]
        state.known[k, LOG_WEIGHT] += learned[k]
        state.residuals[k] = max(state.residuals[k] - changed, 0)
    before = state.known[leading(state), LEVEL]
    begin_level(state, _NEW_LEVEL_VARIANCE)
    for member in range(known.begun[side], count):
        relevel(state, _run(runs, known.members[member], known))
    known.jumps[0] += 1.0
    known.jumps[1] += (state.known[leading(state), LEVEL] - before) ** 2


@inner_kernel
def _fit_tails(limits: Limits, known: Memory) -> None:
    """Fit the law to the residuals of the candidate that leads, where a part of them is new."""
    state = known.state
    lead = leading(state)
    residuals = state.residuals[lead]
    kept = min(residuals, RESIDUALS)
    fitted_at = known.counters[_FITTED_AT]
    is_due = residuals >= fitted_at + max(1, min(fitted_at, RESIDUALS) // _REFITTED_AFTER)
    if kept < _FEWEST_RESIDUALS or not (is_due or residuals < fitted_at):
        return
    look_at_window(state)
    fit_law(state.residual[lead, :kept], limits.min_scale, known.law)
    usual_range(known.law, known.band)
    known.counters[_FITTED_AT] = residuals


@inner_kernel
def _say(run: Run, i: int, known: Memory, out: Said) -> None:
    """What is usual for a run that starts now."""
    expect(known.state, run)
    weigh(known.state, run.slot)
    mean, square, own, noise = 0.0, 0.0, 0.0, 0.0
    for k in range(known.state.awake[0]):
        candidate = known.state.known[k]
        weight = candidate[WEIGHT_NOW]
        if weight > 0.0:
            mean += weight * candidate[MEAN]
            square += weight * candidate[MEAN] * candidate[MEAN]
            own += weight * candidate[OWN]
            noise += weight * candidate[NOISE]
    stretch = math.sqrt(1.0 + (own + max(square - mean * mean, 0.0)) / noise)
    band = known.band
    out.center[i] = mean + band[_CENTER]
    out.scale[i] = 0.5 * (band[_SD_ABOVE] - band[_SD_BELOW]) * stretch
    out.low[i] = out.center[i] + (band[_LOW] - band[_CENTER]) * stretch
    out.high[i] = out.center[i] + (band[_HIGH] - band[_CENTER]) * stretch
    out.stretch[i] = stretch


@inner_kernel
def _jump(scale: float, known: Memory) -> tuple[float, float]:
    """How often a run comes with a new level, and how large such a change is: log units, one deviation.

    A job that hardly varies is not expected to change by much more.
    """
    jumps, squares = known.jumps
    usual = min(_JUMP_SD, _JUMP_SCALES * scale)
    often = (_JUMPS + jumps) / (_JUMP_RUNS + known.counters[_COUNT])
    return often, math.sqrt((_JUMPS * usual * usual + squares) / (_JUMPS + jumps))


@inner_kernel
def _score(run: Run, i: int, known: Memory, out: Said) -> None:
    """How rare the run is: the tails that each candidate expects, by the weights of `_say`.

    Where that is not rare at all, the tails around what they expect together.
    """
    center = known.band[_CENTER]
    slow, short = tails(center + (run.log_value - out.center[i]) / out.stretch[i], known.law)
    if min(slow, short) < _RARE:
        slow, short = 0.0, 0.0
        for k in range(CANDIDATES):
            candidate = known.state.known[k]
            weight = candidate[WEIGHT_NOW]
            if weight > 1e-5:
                width = math.sqrt(1.0 + candidate[OWN] / candidate[NOISE])
                as_slow, as_short = tails((run.log_value - candidate[MEAN]) / width, known.law)
                slow += weight * as_slow
                short += weight * as_short
    jump, size = _jump(out.scale[i], known)
    z = (run.log_value - out.center[i]) / (math.sqrt(2.0) * math.hypot(size, out.scale[i]))
    slow += jump * (0.5 * math.erfc(z) - slow)
    short += jump * (0.5 * math.erfc(-z) - short)
    out.p_slow[i], out.p_short[i] = min(slow, 1.0), min(short, 1.0)


@inner_kernel
def _counted(run: Run, i: int, known: Memory, out: Said) -> float:
    """Normal score of a run, as it counts for a change of level.

    What is flagged may be an incident: it counts for less, so that two that come together are no change yet.
    In an hour that the job has hardly shown, what looks like a change may be its rhythm: half.
    """
    score = normal_score(out.p_slow[i], out.p_short[i])
    if abs(score) > _FLAGGED_SCORE:
        score = math.copysign(_SCORE_OF_INCIDENT, score)
    return score if known.state.hours[1, kind_of_hour(run.slot)] >= _SHOWN_RUNS else 0.5 * score


@inner_kernel
def _look_ahead(runs: Runs, i: int, score: float, limits: Limits, known: Memory, out: Said) -> None:
    """Would this run, once known, end the regime? Member `count` stands for the run itself."""
    count = known.counters[_COUNT]
    sums, begun = known.sums.copy(), known.begun.copy()
    side = _accumulate(sums, begun, count, score, limits)
    if side == NO_CHANGE:
        return
    moved, said_of = runs.log_value[i] - out.center[i], 1.0
    for member in known.members[begun[side] : count]:
        if math.isfinite(out.center[member]):
            moved += runs.log_value[member] - out.center[member]
            said_of += 1.0
    out.shift[i] = moved / said_of
    out.regime_us[i] = runs.start_us[i if begun[side] == count else known.members[begun[side]]]


@inner_kernel
def _stand(runs: Runs, i: int, limits: Limits, known: Memory, out: Said) -> bool:
    """Regime, size and status of the baseline; whether it has an answer."""
    count, since = known.counters[_COUNT], known.counters[_REGIME_FIRST]
    if count > 0:
        out.regime_us[i] = runs.start_us[known.members[since]]
    out.runs[i] = min(count - since, limits.window_runs)
    out.code[i] = TOO_FEW_RUNS
    if known.counters[_FITTED_AT] > 0:
        out.code[i] = OK if known.counters[_VARIES] else DEGENERATE
    return bool(out.code[i] != TOO_FEW_RUNS)


@inner_kernel
def _copy_law(known: Memory, law: NDArray[np.float64]) -> None:
    """Fill `law` with that of the residuals, around their median."""
    for part in range(LAW[0]):
        for column in range(LAW[1]):
            law[part, column] = known.law[part, column]
        law[part, CENTER] -= known.band[_CENTER]


@kernel
def replay_jobs(
    offsets: NDArray[np.int64],
    runs: Runs,
    limits: Limits,
    known: Memory,
    out: Said,
    now: Said,
    now_law: NDArray[np.float64],
) -> None:
    """Say of each run (R,) in `out`, and in `now` (J,) of one that starts after all have ended.

    That one is taken to start in the slot of the job's last run that was tested. `now_law` (J, 8, 5) is
    filled with the law of each job's residuals, around their median.
    """
    for job in range(offsets.shape[0] - 1):
        first, last = offsets[job], offsets[job + 1]
        _forget(known)
        next_end = first
        for i in range(first, last + 1):
            origin_us = runs.start_us[i] if i < last else NEVER_US
            while next_end < last and runs.end_us[runs.by_end[next_end]] < origin_us:
                j = runs.by_end[next_end]
                next_end += 1
                if runs.joins[j]:
                    _learn_run(runs, j, j - first, limits, known)
            if known.counters[_COUNT] >= limits.min_runs:
                _fit_tails(limits, known)
            if i == last:
                continue
            if not runs.tested[i]:
                if known.counters[_COUNT] > 0:
                    since = known.members[known.counters[_REGIME_FIRST]]
                    out.regime_us[i] = runs.start_us[since]
                continue
            known.counters[_LAST_TESTED] = i
            if not _stand(runs, i, limits, known, out):
                continue
            run = _run(runs, i, known)
            _say(run, i, known, out)
            _score(run, i, known, out)
            if runs.joins[i]:
                known.score[i - first] = _counted(run, i, known, out)
                known.scored_in[i - first] = known.counters[_REGIME]
                _look_ahead(runs, i, known.score[i - first], limits, known, out)
        if _stand(runs, job, limits, known, now) and known.counters[_LAST_TESTED] != _NONE:
            slot = int(np.int64(runs.slot[known.counters[_LAST_TESTED]]))
            _say(Run(0.0, slot, 0, 0.0), job, known, now)
        _copy_law(known, now_law[job])
