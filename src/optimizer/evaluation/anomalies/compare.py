"""Methods of finding strange runs compared on one log: what they flag of it as it is, and of runs made strange.

Counted are runs that finished by themselves with `fewest` such runs of their job before them. What is flagged
among them as they are would be false alarms, were nothing wrong with any; of a real log no one knows, so those
within reach are given as well: runs of at most one and a half times the longest of the hundred before.

Then runs are made strange: up to 20,000 of them, drawn by a seed, are judged again as if they had taken 1.5, 2 or 3
times as long, or a tenth. Each is judged on its own, all else being as it was, so that none that is made strange is in
the baseline of another. The share found is given twice:

    share      as the method comes
    alike      with the threshold at which it flags as many of the runs as they are as ours does:
               chosen in hindsight, in its favour

How far a method is ahead of ours in the second comes with its standard error, of a ratio over jobs (Cochran, Sampling
Techniques, 1977, equation 6.13): runs of one job depend on each other.

Decided here: a run that a method does not judge is not flagged by it, and how many it judges is said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.evaluation.anomalies.detector import Detector, Judged
from optimizer.evaluation.anomalies.methods import METHODS, OURS
from optimizer.evaluation.simple import MOMENTS, of_windows, training
from optimizer.panel import RunPanel

__all__ = [
    "CALIBRATED", "FACTORS", "FEWEST_BEFORE", "Compared", "Found", "Score", "compare",
    "counted_runs", "within_reach",
]  # fmt: skip

FACTORS: Final = (1.5, 2.0, 3.0, 0.1)
MOST_STRANGE: Final = 20_000
FEWEST_BEFORE: Final = 8
"""With fewer runs behind it, ours says nothing of a run."""
CALIBRATED: Final = (0.05, 0.01, 0.001)
REACH, REACH_RUNS = 1.5, 100

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Of the runs that were made strange by one factor."""

    share: float
    """As the method comes; NaN where there are none, or the method does not look for such runs."""
    alike: float
    """With as many flags as ours; NaN of short runs, which have thresholds of their own."""
    ahead: float
    """How much larger `alike` is than our share."""
    ahead_error: float
    """Its standard error over jobs; NaN with fewer than two jobs."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one method did; shares of the runs that count."""

    judged: float
    slow: float
    slow_within_reach: float
    short: float
    """NaN for a method that does not look for short runs."""
    found: dict[float, Found]
    """By factor."""
    p_at_most: dict[float, float]
    """By p, the share of runs that it gave that p-value or less; empty where it promises none."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The scores of all methods on one log."""

    runs: int
    """That count."""
    runs_within_reach: int
    strange: int
    """Runs that were made strange, by each factor."""
    scores: dict[str, Score]


def compare(
    panel: RunPanel,
    methods: Mapping[str, Detector] = METHODS,
    *,
    seed: int = 7,
    fewest: int = FEWEST_BEFORE,
    progress: Callable[[int], object] = lambda _: None,
) -> Compared:
    """The comparison on a panel of runs; ours must be among the `methods`.

    `progress` is called with 1 when a method has judged everything.
    """
    counted = counted_runs(panel, fewest)
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(counted)[:MOST_STRANGE])
    job = np.repeat(np.arange(panel.job_ids.size), np.diff(panel.offsets))[drawn]
    is_within_reach = within_reach(panel)[counted]
    seconds = panel.duration_seconds
    usual: dict[str, Judged] = {}
    strange: dict[str, dict[float, Judged]] = {}
    for name, method in methods.items():
        judge = method.of(panel)
        usual[name] = judge(counted, seconds[counted])
        strange[name] = {f: judge(drawn, f * seconds[drawn]) for f in FACTORS}
        progress(1)
    flags = int((usual[OURS].slow > methods[OURS].slow_above).sum())
    scores = {}
    for name, method in methods.items():
        alike_above = _alike(usual[name].slow, flags) if name != OURS else method.slow_above
        found = {}
        for factor in FACTORS:
            own = strange[OURS][factor].slow > methods[OURS].slow_above
            found[factor] = (
                _slower(method, strange[name][factor], alike_above, own, job)
                if factor > 1.0
                else _shorter(method, strange[name][factor])
            )
        scores[name] = _score(method, usual[name], is_within_reach, found)
    return Compared(int(counted.size), int(is_within_reach.sum()), int(drawn.size), scores)


def counted_runs(panel: RunPanel, fewest: int = FEWEST_BEFORE) -> Positions:
    """Positions of the runs that count."""
    before = of_windows(MOMENTS, panel, panel.start_us, np.zeros(3))[:, 0]
    return np.flatnonzero(training(panel) & (panel.duration_seconds > 0.0) & (before >= fewest))


def within_reach(panel: RunPanel) -> Bools:
    """(R,) whether a run is within 1.5 times the longest of the hundred of its job that started before it."""
    job = np.repeat(np.arange(panel.job_ids.size), np.diff(panel.offsets))
    longest = (
        pd.Series(panel.duration_seconds)
        .groupby(job)
        .transform(lambda seconds: seconds.rolling(REACH_RUNS, min_periods=1).max().shift())
    )
    return np.asarray(panel.duration_seconds <= REACH * longest.to_numpy(dtype=np.float64))


def _alike(slow: Floats, flags: int) -> float:
    """The threshold above which so many of these scores are, or fewer where there are ties."""
    ordered = np.sort(np.nan_to_num(slow, nan=-np.inf))
    return float(ordered[-1 - flags]) if flags < ordered.size else -np.inf


def _score(
    method: Detector, judged: Judged, is_within_reach: Bools, found: dict[float, Found]
) -> Score:
    """From the scores (n,) of the runs as they are, and what was found of others."""
    is_slow = judged.slow > method.slow_above
    is_judged = np.isfinite(judged.slow)
    p_value = np.ones(0) if method.p_value is None else method.p_value(judged.slow[is_judged])
    return Score(
        judged=_share(is_judged),
        slow=_share(is_slow),
        slow_within_reach=_share(is_slow[is_within_reach]),
        short=np.nan if judged.short is None else _share(judged.short > method.short_above),
        found=found,
        p_at_most={p: _share(p_value <= p) for p in CALIBRATED if p_value.size},
    )


def _slower(
    method: Detector, judged: Judged, alike_above: float, by_ours: Bools, job: Positions
) -> Found:
    alike = judged.slow > alike_above
    ahead = alike.astype(np.float64) - by_ours
    share = _share(alike) - _share(by_ours)
    _, of_job, runs = np.unique(job, return_inverse=True, return_counts=True)
    error = np.nan
    if runs.size > 1:
        off = np.bincount(of_job, ahead, runs.size) - share * runs
        error = float(np.sqrt((off**2).sum() * runs.size / (runs.size - 1.0)) / job.size)
    return Found(_share(judged.slow > method.slow_above), _share(alike), share, error)


def _shorter(method: Detector, judged: Judged) -> Found:
    share = np.nan if judged.short is None else _share(judged.short > method.short_above)
    return Found(share, np.nan, np.nan, np.nan)


def _share(of: Bools) -> float:
    return float(of.mean()) if of.size else np.nan
