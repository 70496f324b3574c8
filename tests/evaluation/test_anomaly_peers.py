"""Libraries as peers of finding strange runs, against a plain fit at one Monday."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import IsolationForest
from statsmodels.tsa.seasonal import STL

from optimizer.panel import RunPanel
from pipeline.evaluation.anomalies.forest import ISOLATED, features, relative_to
from pipeline.evaluation.anomalies.seasonal import AUTO_ETS_BANDS, STL_REMAINDER
from pipeline.evaluation.smoothing import auto_ets
from tests.strategies.runs import lognormal_runs

MONDAY = pd.Timestamp("2026-05-25", tz="UTC")

# numpy's own deprecations, met inside the libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Six daily jobs of ten weeks from a Monday on, with slower weekends."""
    frame = lognormal_runs(6, 70, sd_log=0.1, seed=5)
    is_weekend = frame["start_time"].dt.dayofweek >= 5
    return frame.assign(duration_seconds=frame["duration_seconds"] * np.where(is_weekend, 2.0, 1.0))


def week_after(runs: pd.DataFrame) -> np.ndarray:
    """Positions of the week after the Monday: no run lasts for a day, so these are its rows."""
    after = (runs["start_time"] - MONDAY).dt.days
    return np.flatnonzero((runs["start_time"] >= MONDAY) & (after < 7))


def test_stl_is_the_last_trend_and_season_with_remainders_for_a_ruler(runs: pd.DataFrame) -> None:
    panel = RunPanel.from_frame(runs)
    at = week_after(runs)
    judged = STL_REMAINDER.of(panel)(at, panel.duration_seconds[at])
    expected = []
    for _, job in runs.groupby("job_id"):
        ended = job[job["start_time"] + pd.to_timedelta(job["duration_seconds"], "s") < MONDAY]
        parts = STL(np.log(ended["duration_seconds"].to_numpy()), period=7, robust=True).fit()
        sd = 1.4826 * np.median(np.abs(parts.resid - np.median(parts.resid)))
        week = job[
            (job["start_time"] >= MONDAY) & (job["start_time"] < MONDAY + pd.Timedelta("7D"))
        ]
        # Both end and begin on a Monday, so that the seasons stand one below the other.
        level = parts.trend[-1] + parts.seasonal[-7:]
        expected += list((np.log(week["duration_seconds"].to_numpy()) - level) / sd)
    np.testing.assert_allclose(judged.slow, expected, rtol=1e-9)
    assert judged.short is not None
    np.testing.assert_array_equal(judged.short, -judged.slow)


def test_the_forest_is_trained_on_what_had_ended_by_monday(runs: pd.DataFrame) -> None:
    panel = RunPanel.from_frame(runs)
    at = week_after(runs)
    slow = ISOLATED.of(panel)(at, 3.0 * panel.duration_seconds[at]).slow
    center, before = relative_to(panel)
    x = np.log(panel.duration_seconds) - center
    ends = runs["start_time"] + pd.to_timedelta(runs["duration_seconds"], "s")
    learned = np.flatnonzero((ends < MONDAY) & np.isfinite(center))
    learned = learned[np.argsort(panel.end_us[learned], kind="stable")]
    forest = IsolationForest(contamination=0.001, random_state=1).fit(features(before, x)[learned])
    asked = x[at] + np.log(3.0)
    expected = -forest.decision_function(features(before[at], asked))
    np.testing.assert_allclose(slow[asked > 0.0], expected[asked > 0.0], rtol=1e-9)


def test_bands_are_those_of_the_forecast(runs: pd.DataFrame) -> None:
    """A run at a quantile of the forecast has that p-value; fits of nine Mondays are not thinned out."""
    panel = RunPanel.from_frame(runs)
    at = week_after(runs)
    forecast = auto_ets(panel, panel.start_us)[at]
    assert AUTO_ETS_BANDS.p_value is not None
    for level, p in ((15, 0.5), (-1, 0.001)):
        judged = AUTO_ETS_BANDS.of(panel)(at, np.exp(forecast[:, level]))
        np.testing.assert_allclose(AUTO_ETS_BANDS.p_value(judged.slow), p, rtol=1e-6)
