"""What answers about a job's runs to come are made of: its latest ended runs, and what they taught.

It is kept beside the job's state, so that one walk answers for any later start: the same runs are
weighed anew for the hour, the weekday and the gap of each. Of a job that is

    started_us, log_seconds, is_bound    its runs in ascending order of duration, a value before an
                                         equal bound
    burst                                the same number for runs that started before one another ended
    rank                                 0 for the latest to have ended
    gap_log                              log minutes from the start of the latest ended run to its own
    after_rank                           rank among the durations, of that run's; NaN where it has left
    shares, moved_logits                 what the ended runs have taught (`mixture`, `calibration`)

Its column of a frame of states holds a dict of lists a job, with None for NaN; None is a job of which
nothing is kept.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.forecast.walk.memory import Window
from optimizer.kernel import kernel
from optimizer.quantile import LEVELS

__all__ = ["Remembered", "keep"]

_BY_RUN: Final = {
    "started_us": np.int64, "log_seconds": np.float64, "is_bound": np.bool_, "burst": np.int64,
    "rank": np.int64, "gap_log": np.float64, "after_rank": np.float64,
}  # fmt: skip


class Remembered(NamedTuple):
    """Of J jobs, one after another: job j has the places offsets[j] to offsets[j] + size[j]."""

    offsets: NDArray[np.int64]
    size: NDArray[np.int64]
    started_us: NDArray[np.int64]
    log_seconds: NDArray[np.float64]
    is_bound: NDArray[np.bool_]
    burst: NDArray[np.int64]
    rank: NDArray[np.int64]
    gap_log: NDArray[np.float64]
    after_rank: NDArray[np.float64]
    shares: NDArray[np.float64]
    """(J, 8)"""
    moved_logits: NDArray[np.float64]
    """(J, 35)"""

    @classmethod
    def room(cls, runs: NDArray[np.int64], window: int) -> "Remembered":
        """Room for jobs of so many runs (J,), of which the latest `window` are kept."""
        offsets = np.concatenate(([0], np.cumsum(np.minimum(runs, window)))).astype(np.int64)
        return cls(
            offsets=offsets,
            size=np.zeros(runs.size, dtype=np.int64),
            shares=np.empty((runs.size, EXPERT_COUNT)),
            moved_logits=np.empty((runs.size, LEVELS.size)),
            **{name: np.empty(int(offsets[-1]), dtype=kind) for name, kind in _BY_RUN.items()},
        )

    @classmethod
    def of_column(cls, column: Sequence[dict[str, Any] | None]) -> "Remembered":
        """What `column` wrote; nothing is kept of a job that is None."""
        size = np.array([0 if of is None else len(of["rank"]) for of in column], dtype=np.int64)
        kept = [of for of in column if of is not None]
        shares, moved = np.zeros((size.size, EXPERT_COUNT)), np.zeros((size.size, LEVELS.size))
        there = np.array([of is not None for of in column], dtype=bool)
        if kept:
            shares[there] = np.array([of["shares"] for of in kept], dtype=np.float64)
            moved[there] = np.array([of["moved_logits"] for of in kept], dtype=np.float64)
        by_run: dict[str, NDArray[Any]] = {
            name: np.concatenate(
                [np.empty(0, kind), *(np.asarray(of[name], dtype=kind) for of in kept)]
            )
            for name, kind in _BY_RUN.items()
        }
        offsets = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
        return cls(offsets=offsets, size=size, shares=shares, moved_logits=moved, **by_run)

    def column(self) -> list[dict[str, Any] | None]:
        """A dict of lists for each job, None where no run has ended."""
        out: list[dict[str, Any] | None] = []
        first = self.offsets.tolist()
        for job, size in enumerate(self.size.tolist()):
            runs = slice(first[job], first[job] + size)
            out.append(
                {name: _plain(getattr(self, name)[runs]) for name in _BY_RUN}
                | {
                    "shares": self.shares[job].tolist(),
                    "moved_logits": self.moved_logits[job].tolist(),
                }
                if size
                else None
            )
        return out


def _plain(values: NDArray[Any]) -> list[Any]:
    plain: list[Any] = values.tolist()
    for unknown in np.flatnonzero(values != values).tolist():
        plain[unknown] = None
    return plain


@kernel
def keep(
    remembered: Remembered,
    job: int,
    held: NDArray[np.int64],
    start_us: NDArray[np.int64],
    window: Window,
    share: NDArray[np.float64],
    moved: NDArray[np.float64],
) -> None:
    """Keep the runs `held` (h,) of a job's window, as it has been described."""
    first = remembered.offsets[job]
    remembered.size[job] = held.shape[0]
    for q in range(held.shape[0]):
        at = first + q
        remembered.started_us[at] = start_us[held[q]]
        remembered.log_seconds[at] = window.x[q]
        remembered.is_bound[at] = window.bound[q]
        remembered.rank[at] = window.rank[q]
        remembered.gap_log[at] = window.gap_log[q]
        remembered.after_rank[at] = window.after_rank[q]
        # Bursts are numbered by their first places: what they were numbered by grows with time.
        same = 0
        while window.burst[same] != window.burst[q]:
            same += 1
        remembered.burst[at] = same
    remembered.shares[job] = share
    remembered.moved_logits[job] = moved
