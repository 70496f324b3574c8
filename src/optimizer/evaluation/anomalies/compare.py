"""Methods of finding strange runs compared on one log: what they flag of it as it is, and of runs made strange.

Counted are runs that finished by themselves with `fewest` such runs of their job before them. What is flagged
among them as they are would be false alarms, were nothing wrong with any; of a real log no one knows, so those
within reach are given as well: runs of at most one and a half times the longest of the hundred before. Then some
are made strange (`optimizer.evaluation.anomalies.injection`), in several rounds of other ones, and the share
found is given twice:

    found            as the method comes
    found_alike      with the threshold at which it flags as many of the runs as they are as ours does:
                     chosen in hindsight, in its favour

with, of the second, a sign test over the runs that one of the two has found and the other has not.

Decided here: a run that a method does not judge is not flagged by it, and how many it judges is said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from optimizer.evaluation.anomalies.detector import Detector, Judged
from optimizer.evaluation.anomalies.injection import FACTORS, drawn, with_injected
from optimizer.evaluation.anomalies.methods import METHODS, OURS
from optimizer.evaluation.simple import MOMENTS, of_windows, training
from optimizer.panel import RunPanel

__all__ = ["CALIBRATED", "FEWEST_BEFORE", "Compared", "Found", "Score", "compare", "counted_runs"]

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
    """With as many flags as ours; not for short runs, which have thresholds of their own."""
    by_it_only: int
    """Found by it with as many flags, and not by ours."""
    by_ours_only: int

    @property
    def by_chance(self) -> float:
        """The sign test: how likely it is, were both alike, that one finds so many more than the other."""
        either = self.by_it_only + self.by_ours_only
        return float(stats.binomtest(self.by_it_only, either).pvalue) if either else 1.0


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
    injected: dict[float, int]
    """By factor, over all rounds."""
    scores: dict[str, Score]


def compare(
    runs: pd.DataFrame,
    methods: Mapping[str, Detector] = METHODS,
    *,
    seed: int = 7,
    rounds: int = 1,
    fewest: int = FEWEST_BEFORE,
    progress: Callable[[int], object] = lambda _: None,
) -> Compared:
    """The comparison on a frame of runs; ours must be among the `methods`.

    `progress` is called with 1 after each judgement of all runs: (1 + rounds) times the number of methods.
    """
    panel = RunPanel.from_frame(runs)
    counted = counted_runs(panel, fewest)
    rng = np.random.default_rng(seed)
    draws = [drawn(counted, rng) for _ in range(rounds)]
    changed = [with_injected(runs, panel, *each) for each in draws]
    factors = np.concatenate([factors for _, factors in draws]) if draws else np.zeros(0)
    is_within_reach = within_reach(panel)[counted]
    as_they_are: dict[str, Judged] = {}
    injected: dict[str, Judged] = {}
    for name, method in methods.items():

        def judged(of: RunPanel, at: Positions, method: Detector = method) -> Judged:
            whole = method.judge(of)
            progress(1)
            return Judged(whole.slow[at], None if whole.short is None else whole.short[at])

        as_they_are[name] = judged(panel, counted)
        injected[name] = _joined([judged(*each) for each in changed])
    flags = int((as_they_are[OURS].slow > methods[OURS].slow_above).sum())
    own = injected[OURS].slow > methods[OURS].slow_above
    scores = {}
    for name, method in methods.items():
        alike_above = _alike(as_they_are[name].slow, flags)
        if name == OURS:
            alike_above = method.slow_above
        found = _found(method, injected[name], alike_above, own, factors)
        scores[name] = _score(method, as_they_are[name], is_within_reach, found)
    return Compared(
        runs=int(counted.size),
        runs_within_reach=int(is_within_reach.sum()),
        injected={factor: int((factors == factor).sum()) for factor in FACTORS},
        scores=scores,
    )


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


def _joined(rounds: list[Judged]) -> Judged:
    if not rounds:
        return Judged(np.zeros(0), np.zeros(0))
    slow = np.concatenate([one.slow for one in rounds])
    short = [one.short for one in rounds if one.short is not None]
    return Judged(slow, np.concatenate(short) if short else None)


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


def _found(
    method: Detector, judged: Judged, alike_above: float, by_ours: Bools, factors: Floats
) -> dict[float, Found]:
    """By factor, from the scores (k,) of runs that were made strange."""
    by_it, alike = judged.slow > method.slow_above, judged.slow > alike_above
    out = {}
    for factor in FACTORS:
        of = factors == factor
        if factor > 1.0:
            only, other = alike[of] & ~by_ours[of], by_ours[of] & ~alike[of]
            out[factor] = Found(
                _share(by_it[of]), _share(alike[of]), int(only.sum()), int(other.sum())
            )
        else:
            share = (
                np.nan if judged.short is None else _share(judged.short[of] > method.short_above)
            )
            out[factor] = Found(share, np.nan, 0, 0)
    return out


def _share(of: Bools) -> float:
    return float(of.mean()) if of.size else np.nan
