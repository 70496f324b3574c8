"""Peers answer, in order, from the past alone, and the same each time."""

import numpy as np
import pytest

from optimizer.forecast.backtest import origins_us
from optimizer.panel import RunPanel
from pipeline.evaluation.additive import Additive
from pipeline.evaluation.boosted import lightgbm
from pipeline.evaluation.smoothing import auto_ets
from tests.strategies.runs import lognormal_runs

PEERS = {"lightgbm": lightgbm, "auto_ets": auto_ets, "prophet": Additive()}

# numpy's own deprecations, met inside the libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def panel_of(jobs: int, *, longer_after: int | None = None) -> RunPanel:
    runs = lognormal_runs(jobs, 60, sd_log=0.2, seed=8)
    runs["duration_seconds"] *= np.exp(runs["job_id"].str[-4:].astype(int) % 5)
    if longer_after is not None:
        later = runs.index % 60 >= longer_after
        runs.loc[later, "duration_seconds"] *= 7.0
    return RunPanel.from_frame(runs)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_answers_near_the_durations(name: str) -> None:
    jobs = 10 if name == "lightgbm" else 2
    panel = panel_of(jobs)
    forecast = PEERS[name](panel, panel.start_us)
    answered = np.isfinite(forecast).all(axis=1)
    assert np.isnan(forecast[~answered]).all()
    assert answered.mean() > 0.5
    assert (np.diff(forecast[answered], axis=1) >= -1e-9).all()
    off = forecast[answered, 17] - np.log(panel.duration_seconds[answered])
    assert np.median(np.abs(off)) < 0.4


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("days", [0, 3])
def test_a_peer_sees_no_future_and_repeats_itself(name: str, days: int) -> None:
    jobs = 10 if name == "lightgbm" else 1
    peer = Additive() if name == "prophet" else PEERS[name]
    other = Additive() if name == "prophet" else PEERS[name]
    panel, changed = panel_of(jobs), panel_of(jobs, longer_after=45)
    at_us = origins_us(panel.start_us, "nightly", days)
    forecast, again = peer(panel, at_us), other(changed, at_us)
    untouched = np.arange(panel.row.size) % 60 <= 45
    np.testing.assert_array_equal(forecast[untouched], again[untouched])
    assert not np.array_equal(forecast, again, equal_nan=True)
