"""Which ended runs a forecast is made of: the latest, and of the others a sample of four weeks."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from optimizer.config import ForecastConfig
from optimizer.forecast import fit
from optimizer.forecast.walk.window import LATEST, SPAN_DAYS

WINDOW = ForecastConfig().window_runs
EPOCH = pd.Timestamp("2026-01-05", tz="UTC")


def _runs(count: int, every: pd.Timedelta, seconds: np.ndarray | float = 60.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "job_id": "w/1",
            "run_id": [str(run) for run in range(count)],
            "start_time": EPOCH + every * np.arange(count),
            "duration_seconds": seconds,
            "status": "SUCCEEDED",
        }
    )


def _kept(runs: pd.DataFrame) -> np.ndarray:
    """Numbers of the runs in the window, ascending."""
    memory = fit(runs).states["memory"].iloc[0]
    starts = runs["start_time"].dt.as_unit("us").astype("int64").to_numpy()
    return np.sort(np.searchsorted(starts, np.array(memory["started_us"])))


def _kept_starts(runs: pd.DataFrame) -> pd.Series:
    """How many runs of the window started at each time, most first."""
    return pd.Series(fit(runs).states["memory"].iloc[0]["started_us"]).value_counts()


def test_a_job_that_runs_daily_is_told_by_its_latest_runs() -> None:
    memory = _kept(_runs(WINDOW + 130, pd.Timedelta(days=1)))
    assert memory.tolist() == list(range(130, WINDOW + 130))


@pytest.mark.parametrize("minutes", [10, 60])
def test_a_job_that_runs_often_is_told_by_four_weeks(minutes: int) -> None:
    count = 60 * 24 * 60 // minutes  # Sixty days.
    memory = _kept(_runs(count, pd.Timedelta(minutes=minutes)))
    assert len(np.unique(memory)) == WINDOW
    latest = WINDOW // LATEST
    assert memory[-latest:].tolist() == list(range(count - latest, count))
    age_days = (count - 1 - memory[:-latest]) * minutes / 1440
    assert age_days.max() <= SPAN_DAYS
    # Of the time between any run is as likely as any other, at all hours.
    assert stats.kstest(age_days / SPAN_DAYS, "uniform").pvalue > 0.01
    hour = memory[:-latest] * minutes / 60 % 24
    assert stats.kstest(hour / 24, "uniform").pvalue > 0.01


def test_runs_that_start_together_are_drawn_apart() -> None:
    runs = _runs(3_000, pd.Timedelta(minutes=10))
    runs["start_time"] = EPOCH + pd.Timedelta(hours=5) * (np.arange(3_000) // 100)
    memory = _kept_starts(runs)
    # Thirty bursts of a hundred in six days: none fills the window but the last.
    assert len(memory) > 20
    assert memory.iloc[1:].max() < 20


@pytest.mark.parametrize("missing", [24, 1])
def test_a_run_that_stays_stays_from_night_to_night(missing: int) -> None:
    """Whatever history a night has read, and whichever row of it came late: lots are the runs' own."""
    runs = _runs(40 * 24, pd.Timedelta(hours=1))
    whole, later = (
        set(_kept(runs)),
        set(_kept(runs.iloc[missing:].reset_index(drop=True)) + missing),
    )
    assert len(whole & later) >= WINDOW - 6


def test_what_leaves_does_not_depend_on_how_long_runs_take() -> None:
    rng = np.random.default_rng(2)
    seconds = np.exp(rng.normal(size=2_000))
    every = pd.Timedelta(minutes=30)
    assert (
        _kept(_runs(2_000, every, seconds)).tolist()
        == _kept(_runs(2_000, every, 3.0 * seconds)).tolist()
    )


def test_weekdays_of_a_job_that_runs_often_are_told_apart() -> None:
    """Half-hourly, slower at weekends: four days hold no weekend, four weeks do."""
    rng = np.random.default_rng(4)
    runs = _runs(60 * 48, pd.Timedelta(minutes=30))
    weekend = runs["start_time"].dt.dayofweek >= 5
    runs["duration_seconds"] = np.where(weekend, 300.0, 100.0) * np.exp(
        0.05 * rng.normal(size=len(runs))
    )
    thursday = pd.Timestamp("2026-03-05", tz="UTC")
    fitted = fit(runs[runs["start_time"] < thursday], as_of=thursday, origin="nightly")
    upcoming = pd.DataFrame(
        {"job_id": "w/1", "start_time": thursday + pd.to_timedelta([12, 60], unit="h")}
    )
    medians = fitted.predict(upcoming).quantile(0.5)
    np.testing.assert_allclose(medians, [100.0, 300.0], rtol=0.1)
