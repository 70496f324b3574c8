"""What holds of forecasts whatever the runs were."""

import pickle

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from optimizer.config import ForecastConfig
from optimizer.forecast import Distribution, Forecaster, fit, p_miss_deadline
from optimizer.quantile import LEVELS
from tests.strategies.runs import histories

curves = st.lists(st.floats(-5.0, 15.0), min_size=LEVELS.size, max_size=LEVELS.size).map(
    lambda logs: Distribution.from_seconds([np.exp(np.sort(logs))])
)
seconds = st.floats(1e-3, 1e7)


@given(histories(), histories())
def test_update_is_fit_on_everything(first: pd.DataFrame, second: pd.DataFrame) -> None:
    second = second.assign(run_id="b" + second["run_id"])
    both = pd.concat([f for f in (first, second) if len(f)] or [first], ignore_index=True)
    assert_frame_equal(fit(first).update(second).states, fit(both).states)


@given(histories())
def test_a_run_delivered_again_replaces_itself(runs: pd.DataFrame) -> None:
    corrected = runs.assign(duration_seconds=runs["duration_seconds"] + 1.0)
    assert_frame_equal(fit(runs).update(corrected).states, fit(corrected).states)


@given(histories())
def test_states_carry_the_whole_forecast(runs: pd.DataFrame) -> None:
    fitted = fit(runs)
    again = Forecaster.from_states(pickle.loads(pickle.dumps(fitted.states)))
    upcoming = pd.DataFrame({"job_id": ["w/1", "w/2", "never seen", "w/1"]})
    a, b = fitted.predict(upcoming), again.predict(upcoming)
    np.testing.assert_array_equal(a.status, b.status)
    np.testing.assert_array_equal(a.quantile([0.1, 0.9]), b.quantile([0.1, 0.9]))
    assert a.status[2] == "not_assessed"


@given(curves, seconds, seconds, seconds)
def test_probabilities_are_a_survival_curve(curve, one, two, elapsed) -> None:
    low, high = min(one, two), max(one, two)
    p_low, p_high = curve.p_over_limit(low)[0], curve.p_over_limit(high)[0]
    assert 0.0 <= p_high <= p_low <= 1.0
    assert curve.p_over_limit(high, elapsed)[0] >= p_high - 1e-12
    assert curve.p_over_limit(high, high)[0] == 1.0


@given(curves, st.floats(0.0005, 0.9995))
def test_probability_is_the_inverse_of_the_quantile(curve, level) -> None:
    at = curve.quantile(level)[0]
    # On a flat part the quantile belongs to many levels; never fewer than asked are below.
    assert curve.p_over_limit(at * (1 + 1e-6))[0] <= 1.0 - level + 1e-6
    assert curve.p_over_limit(at * (1 - 1e-6))[0] >= 1.0 - level - 1e-6


@given(curves, seconds, seconds, st.floats(0.0, 1.0))
def test_missing_a_deadline_is_monotone(curve, one, two, failing) -> None:
    early, late = min(one, two), max(one, two)
    assert p_miss_deadline(curve, late)[0] <= p_miss_deadline(curve, early)[0] + 1e-12
    p = p_miss_deadline(curve, late, failure_rate=failing)[0]
    assert failing**2 - 1e-9 <= p <= 1.0 + 1e-9
    no_retry = p_miss_deadline(curve, late, failure_rate=failing, retries=0)[0]
    assert no_retry >= p - 1e-12
    delayed = p_miss_deadline(curve, late, failure_rate=failing, queue_seconds=one)[0]
    assert delayed >= p - 1e-12


@given(histories(max_jobs=1))
def test_an_assumed_spread_widens_young_jobs(runs: pd.DataFrame) -> None:
    narrow = fit(runs, config=ForecastConfig(min_runs=1, prior_scale_log=0.1))
    wide = fit(runs, config=ForecastConfig(min_runs=1, prior_scale_log=2.0))
    upcoming = pd.DataFrame({"job_id": ["w/1"]})
    a = narrow.predict(upcoming).quantile(0.999)[0]
    b = wide.predict(upcoming).quantile(0.999)[0]
    assert np.isnan(a) or b >= a * (1 - 1e-9)
