"""Laws of the evaluation: no method sees the future, parts add up, controls lose."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.evaluation import compare as comparing
from optimizer.evaluation.compare import HORIZONS, compare, parts
from optimizer.evaluation.features import run_features
from optimizer.evaluation.methods import CONTROLS, METHODS, OURS
from optimizer.evaluation.refits import refits
from optimizer.evaluation.scores import ratio_intervals
from optimizer.forecast.backtest import origins_us
from optimizer.microseconds import WEEK_US
from optimizer.panel import RunPanel
from tests.strategies.runs import histories, lognormal_runs

CAUSAL = sorted(set(METHODS) - {"shuffled"})
"""The shuffled control deals out forecasts of later runs on purpose."""


@st.composite
def rewritten(draw: st.DrawFn, horizon: str) -> tuple[RunPanel, RunPanel, np.ndarray, int]:
    """A panel, the same with every run longer that had not ended at one run's origin, the origins,
    and that run's position."""
    runs = draw(histories(max_runs=25).filter(lambda frame: len(frame) > 1))
    panel = RunPanel.from_frame(runs)
    horizon_of_run = HORIZONS[horizon]
    at_us = origins_us(panel.start_us, horizon_of_run.origin, horizon_of_run.days)
    position = draw(st.integers(0, panel.row.size - 1))
    changed = runs.copy()
    later = panel.row[panel.end_us >= at_us[position]]
    changed.loc[later, "duration_seconds"] = 2.0 * runs.loc[later, "duration_seconds"] + 1.0
    return panel, RunPanel.from_frame(changed), at_us, position


@pytest.mark.parametrize("name", CAUSAL)
@given(data=st.data(), horizon=st.sampled_from(sorted(HORIZONS)))
def test_no_method_sees_the_future(name: str, data: st.DataObject, horizon: str) -> None:
    panel, changed, at_us, position = data.draw(rewritten(horizon))
    new_position = np.flatnonzero(changed.row == panel.row[position])[0]
    again = np.empty_like(at_us)
    for k, row in enumerate(changed.row):
        again[k] = at_us[np.flatnonzero(panel.row == row)[0]]
    np.testing.assert_array_equal(
        METHODS[name](panel, at_us)[position], METHODS[name](changed, again)[new_position]
    )


@given(data=st.data())
def test_no_feature_sees_the_future(data: st.DataObject) -> None:
    panel, changed, at_us, position = data.draw(rewritten("start"))
    new_position = np.flatnonzero(changed.row == panel.row[position])[0]
    before, after = run_features(panel, at_us), run_features(changed, changed.start_us)
    np.testing.assert_array_equal(before[0][position], after[0][new_position])
    np.testing.assert_array_equal(before[1][position], after[1][new_position])


@given(histories(max_runs=40, bad=True))
def test_quantiles_never_cross(runs: pd.DataFrame) -> None:
    panel = RunPanel.from_frame(runs)
    for name, method in METHODS.items():
        forecast = method(panel, panel.start_us)
        assert forecast.shape == (panel.row.size, 35), name
        answered = np.isfinite(forecast).all(axis=1)
        assert np.isnan(forecast[~answered]).all(), name
        assert (np.diff(forecast[answered], axis=1) >= -1e-9).all(), name


def test_parts_of_a_log_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = RunPanel.from_frame(lognormal_runs(7, 30, seed=1))
    methods = {name: METHODS[name] for name in (OURS, "seven_days", "last_30")}
    whole = compare(panel, methods)
    monkeypatch.setattr(comparing, "parts", lambda given: parts(given, 50))
    pieces = compare(panel, methods)
    assert set(whole) == set(pieces) == set(HORIZONS)
    for horizon, one in whole.items():
        for name, score in one.scores.items():
            other = pieces[horizon].scores[name]
            assert score.runs == other.runs
            assert score.crps == pytest.approx(other.crps, rel=1e-12)
            assert score.brier == pytest.approx(other.brier, rel=1e-12)
            np.testing.assert_array_equal(score.covered, other.covered)
            np.testing.assert_allclose(one.crps_by_job[name], pieces[horizon].crps_by_job[name])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 12))
def test_parts_are_all_jobs_once(sizes: list[int], about: int) -> None:
    frames = [lognormal_runs(1, size).assign(job_id=f"j{k:02d}") for k, size in enumerate(sizes)]
    panel = RunPanel.from_frame(pd.concat(frames, ignore_index=True))
    panels = list(parts(panel, about))
    assert [job for part in panels for job in part.job_ids] == list(panel.job_ids)
    np.testing.assert_array_equal(np.concatenate([p.row for p in panels]), panel.row)
    for part in panels:
        assert part.row.size <= about or part.job_ids.size == 1
        np.testing.assert_array_equal(np.sort(part.by_end), np.arange(part.row.size))


def test_every_control_loses_clearly_where_jobs_differ() -> None:
    """Jobs of 30 s to 8 h, half of which triple after a month: what a control does not know."""
    runs = lognormal_runs(12, 60, sd_log=0.1, seed=4)
    job = runs["job_id"].str[-2:].astype(int)
    late = (runs["start_time"] > runs["start_time"].min() + pd.Timedelta(days=30)) & (job % 2 == 0)
    runs["duration_seconds"] *= np.exp(0.5 * (job - 6)) * np.where(late, 3.0, 1.0)
    start = compare(RunPanel.from_frame(runs))["start"].scores
    for control in CONTROLS:
        assert start[OURS].crps < 0.8 * start[control].crps, control


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30), st.none() | st.integers(1, 5))
def test_refits_answer_each_run_once_and_never_from_later(
    days: list[int], most: int | None
) -> None:
    origin_us = np.array(days, dtype=np.int64) * 86_400_000_000
    answered_positions = list(refits(origin_us, at_most=most))
    answered = np.concatenate([positions for _, positions in answered_positions])
    assert sorted(answered) == list(range(origin_us.size))
    for at_us, positions in answered_positions:
        assert (origin_us[positions] >= at_us).all()
        assert pd.Timestamp(at_us, unit="us").day_name() == "Monday"
        if most is None:
            assert (origin_us[positions] < at_us + WEEK_US).all()
    assert most is None or len(answered_positions) <= most


def test_the_interval_of_a_ratio_is_that_of_the_bootstrap() -> None:
    """Of independent jobs with a mean ratio of 0.9: near it, about as wide as the delta method says."""
    rng = np.random.default_rng(2)
    below = rng.gamma(4.0, size=400)
    above = below * rng.normal(0.9, 0.2, size=400)
    low, high = ratio_intervals(above, below[:, None])[0]
    ratio = above.sum() / below.sum()
    sd = np.sqrt(((above - ratio * below) ** 2).sum()) / below.sum()
    assert low < ratio < high
    assert high - low == pytest.approx(2 * 1.96 * sd, rel=0.15)
    assert np.isnan(ratio_intervals(above[:1], below[:1, None])).all()
