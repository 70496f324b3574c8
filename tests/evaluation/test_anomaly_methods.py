"""Laws of every method of finding strange runs: no future, no order, each question on its own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.baselines import replay
from optimizer.evaluation.anomalies.compare import FACTORS, compare, counted_runs
from optimizer.evaluation.anomalies.methods import CONTROLS, METHODS, OURS
from optimizer.panel import RunPanel
from pipeline.evaluation.anomalies.boosted_quantile import BEYOND_QUANTILE
from pipeline.evaluation.anomalies.forest import ISOLATED
from pipeline.evaluation.anomalies.seasonal import AUTO_ETS_BANDS, STL_REMAINDER
from tests.strategies.runs import histories, lognormal_runs

SLOW_TO_FIT = {
    "isolation_forest": ISOLATED,
    "boosted_quantile": BEYOND_QUANTILE,
    "stl": STL_REMAINDER,
    "auto_ets": AUTO_ETS_BANDS,
}
EVERY_METHOD = METHODS | SLOW_TO_FIT

# numpy's own deprecations, met inside the libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def scores(method: str, runs: pd.DataFrame, factor: float = 1.0) -> np.ndarray:
    """Both scores of every run, as if each had taken so many times as long, in the order of the frame."""
    panel = RunPanel.from_frame(runs)
    judged = EVERY_METHOD[method].of(panel)(
        np.arange(panel.row.size), factor * panel.duration_seconds
    )
    out = np.full((len(runs), 2), np.nan)
    out[panel.row, 0] = judged.slow
    if judged.short is not None:
        out[panel.row, 1] = judged.short
    return out


def several_jobs() -> pd.DataFrame:
    """Enough runs for every method to be fitted to."""
    runs = lognormal_runs(8, 70, sd_log=0.2, seed=8)
    runs["duration_seconds"] *= np.exp(runs["job_id"].str[-4:].astype(int) % 5)
    return runs


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
def test_what_had_not_ended_changes_no_score(method: str, data: st.DataObject) -> None:
    runs = data.draw(histories(max_runs=25).filter(lambda frame: len(frame) > 1))
    row = data.draw(st.integers(0, len(runs) - 1))
    ends = runs["start_time"] + pd.to_timedelta(runs["duration_seconds"], unit="s")
    is_open = (ends >= runs.loc[row, "start_time"]) & (runs.index != row)
    changed = runs.copy()
    changed.loc[is_open, "duration_seconds"] = 2.0 * runs["duration_seconds"] + 1.0
    np.testing.assert_array_equal(scores(method, runs)[row], scores(method, changed)[row])


@pytest.mark.parametrize("method", SLOW_TO_FIT)
def test_what_had_not_ended_changes_no_score_of_what_is_fitted(method: str) -> None:
    runs = several_jobs()
    number = runs.index % 70
    changed = runs.assign(
        duration_seconds=runs["duration_seconds"] * np.where(number > 50, 7.0, 1.0)
    )
    before, after = scores(method, runs), scores(method, changed)
    assert np.isfinite(before[number <= 50, 0]).mean() > 0.4
    np.testing.assert_array_equal(before[number <= 50], after[number <= 50])
    assert not np.array_equal(before, after, equal_nan=True)


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_the_order_of_rows_does_not_matter(method: str) -> None:
    runs = several_jobs()
    order = np.random.default_rng(3).permutation(len(runs))
    shuffled = runs.iloc[order].reset_index(drop=True)
    np.testing.assert_array_equal(scores(method, runs)[order], scores(method, shuffled))


@pytest.mark.parametrize(
    ("method", "factor"),
    [(name, factor) for name in METHODS if name != "by_lot" for factor in FACTORS]
    + [(name, 2.0) for name in SLOW_TO_FIT],
)
def test_a_run_asked_about_is_judged_as_if_the_log_held_it_so(method: str, factor: float) -> None:
    """Each question alone: the log with only that run changed gives the same score."""
    runs = several_jobs()
    asked = scores(method, runs, factor)
    for row in (139, 400):
        changed = runs.copy()
        changed.loc[row, "duration_seconds"] *= factor
        np.testing.assert_allclose(scores(method, changed)[row], asked[row], rtol=1e-9)


@given(histories(max_runs=40, bad=True))
def test_ours_is_what_replay_says(runs: pd.DataFrame) -> None:
    """Also beside runs that overlap, start together, fail, or cannot be used."""
    panel = RunPanel.from_frame(runs)
    at = counted_runs(panel, fewest=0)
    judged = METHODS[OURS].of(panel)(at, panel.duration_seconds[at])
    said = replay(runs).iloc[panel.row[at]]
    np.testing.assert_allclose(-judged.slow, said["p_value"], rtol=1e-9)
    assert judged.short is not None
    np.testing.assert_allclose(-judged.short, said["p_value_short"], rtol=1e-9)
    flagged = judged.slow > METHODS[OURS].slow_above
    np.testing.assert_array_equal(flagged, said["is_anomaly"])
    np.testing.assert_array_equal(judged.short > METHODS[OURS].short_above, said["is_short"])


@given(histories(max_runs=40, bad=True))
def test_any_log_can_be_compared(runs: pd.DataFrame) -> None:
    compared = compare(RunPanel.from_frame(runs))
    assert compared.runs_within_reach <= compared.runs <= len(runs)
    for name, score in compared.scores.items():
        shares = (score.judged, score.slow, score.slow_within_reach, score.short)
        assert all(np.isnan(share) or 0.0 <= share <= 1.0 for share in shares), name
        assert set(score.found) == set(FACTORS)


def test_the_comparison_knows_ours_controls_and_the_strange() -> None:
    """Stationary jobs: one flag in 1,000 promised, almost all of x3 found, nothing by the controls."""
    runs = lognormal_runs(60, 250, sd_log=0.2, seed=1)
    compared = compare(RunPanel.from_frame(runs), fewest=60)
    assert compared.runs == 60 * 190
    ours = compared.scores[OURS]
    assert ours.slow == pytest.approx(0.001, abs=0.001)
    assert ours.p_at_most[0.05] == pytest.approx(0.05, abs=0.01)
    assert ours.found[3.0].share > 0.9 > ours.found[1.5].share
    assert ours.found[2.0].ahead == 0.0
    for name in CONTROLS:
        for found in compared.scores[name].found.values():
            assert np.isnan(found.share) or found.share < 0.01
        assert compared.scores[name].found[3.0].ahead < -0.8
    again = compare(RunPanel.from_frame(runs.sample(frac=1.0, random_state=1)), fewest=60)
    assert again == compared
    other = compare(RunPanel.from_frame(runs), fewest=60, seed=8)
    assert other.scores[OURS].slow == ours.slow
