"""A run to come is answered for its own start, from one state: as the backtest would have said."""

from io import BytesIO
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from optimizer.config import ForecastConfig
from optimizer.forecast import Forecaster, backtest, fit
from optimizer.forecast.backtest import Origin
from tests.strategies.runs import histories, lognormal_runs

LEVELS = (0.05, 0.5, 0.95)
DAY = pd.Timedelta(days=1)
AFTER = pd.Timestamp("2026-06-01", tz="UTC")


def _weekly(days: int = 70) -> pd.DataFrame:
    """A job that takes thrice as long on Sundays, and another at 04:00 than at 16:00."""
    day = np.arange(days)
    start = pd.Timestamp("2026-01-05", tz="UTC") + pd.to_timedelta(day, unit="D")
    noise = np.exp(0.05 * np.random.default_rng(3).standard_normal((3, days)))
    parts = [
        ("w/sundays", start + pd.Timedelta(hours=2), np.where(day % 7 == 6, 900.0, 300.0)),
        ("w/twice", start + pd.Timedelta(hours=4), np.full(days, 100.0)),
        ("w/twice", start + pd.Timedelta(hours=16), np.full(days, 500.0)),
    ]
    frames = [
        pd.DataFrame(
            {
                "job_id": job,
                "run_id": [f"{number}-{n}" for n in range(days)],
                "start_time": at,
                "duration_seconds": seconds * noise[number],
                "status": "SUCCEEDED",
            }
        )
        for number, (job, at, seconds) in enumerate(parts)
    ]
    return pd.concat(frames, ignore_index=True)


@given(histories(), st.data())
def test_a_night_says_of_each_run_what_the_backtest_says(
    runs: pd.DataFrame, data: st.DataObject
) -> None:
    timed = runs[runs["start_time"].notna()]
    midnights = sorted({time.floor("D") for time in timed["start_time"]})
    if not midnights:
        return
    midnight = data.draw(st.sampled_from(midnights))
    # A window of eight is full, and runs leave it by lot.
    config = ForecastConfig(window_runs=data.draw(st.sampled_from([8, 200])))
    upcoming = timed[(timed["start_time"] > midnight) & (timed["start_time"] <= midnight + DAY)]
    forecasts = backtest(runs, LEVELS, origin="nightly", config=config)
    predicted = fit(runs, as_of=midnight, origin="nightly", config=config).predict(upcoming)
    np.testing.assert_array_equal(
        predicted.quantile(LEVELS),
        forecasts.loc[upcoming.index, list(LEVELS)].to_numpy(dtype=float),
    )


def test_a_full_window_answers_as_the_backtest_does() -> None:
    """Seven hundred hourly runs: most have left the window, and what preceded those that stay."""
    runs = lognormal_runs(1, 700, seed=8)
    runs["start_time"] = AFTER + pd.to_timedelta(np.arange(700), unit="h")
    midnight = AFTER + 28 * DAY
    upcoming = runs[(runs["start_time"] > midnight) & (runs["start_time"] <= midnight + DAY)]
    forecasts = backtest(runs, LEVELS, origin="nightly")
    predicted = fit(runs, as_of=midnight, origin="nightly").predict(upcoming)
    np.testing.assert_array_equal(
        predicted.quantile(LEVELS),
        forecasts.loc[upcoming.index, list(LEVELS)].to_numpy(dtype=float),
    )


@pytest.mark.parametrize("origin", get_args(Origin))
def test_the_start_of_a_run_is_answered_like_the_time_of_the_state(origin: Origin) -> None:
    runs = lognormal_runs(4, 60, seed=5)
    as_of = runs["start_time"].max()
    fitted = fit(runs, as_of=as_of, origin=origin)
    jobs = fitted.states[["job_id"]]
    assert_frame_equal(
        pd.DataFrame(fitted.predict(jobs.assign(start_time=as_of)).log_quantiles),
        pd.DataFrame(fitted.predict(jobs).log_quantiles),
        rtol=1e-12,
    )


def test_hours_and_weekdays_to_come_are_told_apart() -> None:
    runs = _weekly()
    as_of = runs["start_time"].max().floor("D") + DAY  # A Monday.
    fitted = fit(runs, as_of=as_of, origin="nightly")
    upcoming = pd.DataFrame(
        [("w/sundays", 3, 2), ("w/sundays", 6, 2), ("w/twice", 1, 4), ("w/twice", 4, 16)],
        columns=["job_id", "days", "hours"],
    )
    later = pd.to_timedelta(upcoming["days"], unit="D") + pd.to_timedelta(
        upcoming["hours"], unit="h"
    )
    medians = fitted.predict(upcoming.assign(start_time=as_of + later)).quantile(0.5)
    np.testing.assert_allclose(medians, [300.0, 900.0, 100.0, 500.0], rtol=0.1)
    # At no known time it is any of them.
    whenever = fitted.predict(pd.DataFrame({"job_id": ["w/twice"], "start_time": pd.NaT}))
    low, high = whenever.quantile([0.2, 0.8])[0]
    assert low == pytest.approx(100.0, rel=0.2)
    assert high == pytest.approx(500.0, rel=0.2)


def test_states_written_and_read_answer_the_same() -> None:
    runs = _weekly()
    fitted = fit(runs, origin="nightly")
    file = BytesIO()
    fitted.states.to_parquet(file)
    again = Forecaster.from_states(pd.read_parquet(file))
    upcoming = runs.tail(9).assign(start_time=runs["start_time"].max() + pd.Timedelta(hours=5))
    np.testing.assert_array_equal(
        again.predict(upcoming).log_quantiles, fitted.predict(upcoming).log_quantiles
    )


def test_a_state_without_a_memory_answers_the_same_at_all_times() -> None:
    states = fit(_weekly()).states
    upcoming = pd.DataFrame(
        {"job_id": ["w/twice", "w/other"], "start_time": pd.Timestamp("2026-06-01 16:00Z")}
    )
    for bare in (states.drop(columns="memory"), states.assign(memory=None)):
        predicted = Forecaster.from_states(bare).predict(upcoming)
        curve = Forecaster.from_states(states).predict(upcoming[["job_id"]])
        np.testing.assert_array_equal(predicted.log_quantiles, curve.log_quantiles)
        assert predicted.status.tolist() == ["ok", "not_assessed"]


def test_times_without_a_zone_are_refused() -> None:
    fitted = fit(_weekly())
    with pytest.raises(ValueError, match="start_time must be timezone-aware UTC"):
        fitted.predict(
            pd.DataFrame({"job_id": ["w/twice"], "start_time": [pd.Timestamp("2026-06-01")]})
        )


def test_an_update_learns_as_the_fit_did() -> None:
    runs = _weekly()
    first, second = runs.iloc[::2], runs.iloc[1::2]
    assert_frame_equal(
        fit(first, origin="nightly").update(second).states,
        fit(pd.concat([first, second]), origin="nightly").states,
    )
