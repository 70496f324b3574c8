"""The stored state of a job, from which its runs to come are forecast: its latest ended runs, and
what they have taught.

It is stored so that one walk serves any later start: the same runs are weighed anew for the hour, the
weekday and the gap of each run to come. The state of a job is

    started_us, log_seconds, is_bound    its runs in ascending order of duration, a value before an
                                         equal bound
    burst                                the same number for runs that started before one another ended
    rank                                 0 for the latest to have ended
    gap_log                              log minutes from the start of the latest ended run to its own
    after_rank                           rank of that run among the durations; NaN where it has left
                                         the window
    runs_since, trust                    how many have ended since the last change of level, and the share that is
                                         kept for them (`changes`)
    last_of_month, first_of_month        probabilities of what these days add (`months`)
    shares, moved_logits                 what the ended runs have taught (`mixture`, `calibration`)

In a frame of states the column `memory` holds these as a dict of lists for each job, None standing for
NaN, and for a job without a state.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk.arrays import Window
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.forecast.walk.months import EFFECT_COUNT
from optimizer.kernel import kernel
from optimizer.microseconds import DAY_US
from optimizer.months import turn_of_month
from optimizer.quantile import LEVELS

__all__ = ["JobStates", "store_state"]

_STORED: Final = {
    "started_us": np.int64, "log_seconds": np.float64, "is_bound": np.bool_, "burst": np.int64,
    "rank": np.int64, "gap_log": np.float64, "after_rank": np.float64,
}  # fmt: skip
_BY_RUN: Final = {**_STORED, "turn": np.int8}
_EFFECTS: Final = ("last_of_month", "first_of_month")


class JobStates(NamedTuple):
    """The states of J jobs; the runs of job j are at offsets[j] to offsets[j] + size[j]."""

    offsets: NDArray[np.int64]
    size: NDArray[np.int64]
    started_us: NDArray[np.int64]
    log_seconds: NDArray[np.float64]
    is_bound: NDArray[np.bool_]
    burst: NDArray[np.int64]
    rank: NDArray[np.int64]
    gap_log: NDArray[np.float64]
    after_rank: NDArray[np.float64]
    turn: NDArray[np.int8]
    runs_since: NDArray[np.int64]
    trust: NDArray[np.float64]
    effect_probability: NDArray[np.float64]
    """(J, 3, 41)"""
    shares: NDArray[np.float64]
    """(J, 8)"""
    moved_logits: NDArray[np.float64]
    """(J, 35)"""

    @classmethod
    def allocate(cls, runs: NDArray[np.int64], window: int) -> "JobStates":
        """Empty states of jobs with so many runs (J,), of which at most `window` are stored."""
        offsets = np.concatenate(([0], np.cumsum(np.minimum(runs, window)))).astype(np.int64)
        return cls(
            offsets=offsets,
            size=np.zeros(runs.size, dtype=np.int64),
            shares=np.empty((runs.size, EXPERT_COUNT)),
            moved_logits=np.empty((runs.size, LEVELS.size)),
            runs_since=np.zeros(runs.size, dtype=np.int64),
            trust=np.zeros(runs.size),
            effect_probability=np.zeros((runs.size, 3, EFFECT_COUNT)),
            **{name: np.empty(int(offsets[-1]), dtype=kind) for name, kind in _BY_RUN.items()},
        )

    @classmethod
    def from_column(cls, column: Sequence[dict[str, Any] | None]) -> "JobStates":
        """The states that `to_column` wrote; one of no runs for a job that is None."""
        size = np.array(
            [0 if state is None else len(state["rank"]) for state in column], dtype=np.int64
        )
        states = [state for state in column if state is not None]
        shares, moved = np.zeros((size.size, EXPERT_COUNT)), np.zeros((size.size, LEVELS.size))
        since, trust = np.zeros(size.size, dtype=np.int64), np.zeros(size.size)
        effect = np.zeros((size.size, 3, EFFECT_COUNT))
        effect[:, 0, 0] = 1.0
        has_state = np.array([state is not None for state in column], dtype=bool)
        if states:
            shares[has_state] = np.array([state["shares"] for state in states], dtype=np.float64)
            moved[has_state] = np.array(
                [state["moved_logits"] for state in states], dtype=np.float64
            )
            since[has_state] = [state["runs_since"] for state in states]
            trust[has_state] = [state["trust"] for state in states]
            for turn, name in enumerate(_EFFECTS, start=1):
                effect[has_state, turn] = np.array([state[name] for state in states])
        by_run: dict[str, NDArray[Any]] = {
            name: np.concatenate(
                [np.empty(0, kind), *(np.asarray(state[name], dtype=kind) for state in states)]
            )
            for name, kind in _STORED.items()
        }
        by_run["turn"] = turn_of_month(by_run["started_us"] // DAY_US)
        offsets = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
        return cls(
            offsets=offsets, size=size, runs_since=since, trust=trust, effect_probability=effect,
            shares=shares, moved_logits=moved, **by_run,
        )  # fmt: skip

    def to_column(self) -> list[dict[str, Any] | None]:
        """A dict of lists for each job, None where no run has ended."""
        column: list[dict[str, Any] | None] = []
        first = self.offsets.tolist()
        for job, size in enumerate(self.size.tolist()):
            runs = slice(first[job], first[job] + size)
            column.append(
                {name: _without_nan(getattr(self, name)[runs]) for name in _STORED}
                | {
                    "shares": self.shares[job].tolist(),
                    "moved_logits": self.moved_logits[job].tolist(),
                    "runs_since": int(self.runs_since[job]),
                    "trust": float(self.trust[job]),
                }
                | {
                    name: self.effect_probability[job, turn].tolist()
                    for turn, name in enumerate(_EFFECTS, start=1)
                }
                if size
                else None
            )
        return column


def _without_nan(values: NDArray[Any]) -> list[Any]:
    numbers: list[Any] = values.tolist()
    for position in np.flatnonzero(values != values).tolist():
        numbers[position] = None
    return numbers


@kernel
def store_state(
    states: JobStates,
    job: int,
    by_duration: NDArray[np.int64],
    start_us: NDArray[np.int64],
    window: Window,
    shares: NDArray[np.float64],
    moved_logits: NDArray[np.float64],
    runs_since: int,
    trust: float,
    effect_probability: NDArray[np.float64],
) -> None:
    """Store the window of a job, its runs `by_duration` (h,) and what `fill_window` wrote of them."""
    first = states.offsets[job]
    states.size[job] = by_duration.shape[0]
    for q in range(by_duration.shape[0]):
        at = first + q
        states.started_us[at] = start_us[by_duration[q]]
        states.log_seconds[at] = window.log_seconds[q]
        states.is_bound[at] = window.is_bound[q]
        states.rank[at] = window.rank[q]
        states.gap_log[at] = window.gap_log[q]
        states.after_rank[at] = window.after_rank[q]
        states.turn[at] = window.turn[q]
        # A burst is numbered by its first place: the count it was numbered by grows with time.
        first_of_burst = 0
        while window.burst[first_of_burst] != window.burst[q]:
            first_of_burst += 1
        states.burst[at] = first_of_burst
    states.shares[job] = shares
    states.moved_logits[job] = moved_logits
    states.runs_since[job] = runs_since
    states.trust[job] = trust
    states.effect_probability[job] = effect_probability
