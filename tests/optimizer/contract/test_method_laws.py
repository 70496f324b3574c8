"""The laws that every statistic keeps, whatever it computes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from optimizer.result import Status
from tests.optimizer.contract.methods import METHODS, Method
from tests.strategies.runs import histories, lognormal_runs, one_job, runs_frame

every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
STATUSES = {status.value for status in Status}

AWKWARD = {
    "none": [],
    "one": [60.0],
    "two": [60.0, 61.0],
    "constant": [60.0] * 30,
    "zero": [0.0] * 30,
    "missing": [float("nan")] * 30,
    "infinite": [float("inf")] * 30,
    "negative": [-1.0] * 30,
    "huge": [1e300] * 15 + [1e299] * 15,
    "tiny": [1e-300] * 15 + [5e-324] * 15,
    "both": [1e-300, 1e300] * 15,
    "some_bad": [60.0, float("nan"), 61.0, float("inf"), 59.0, -3.0] * 6,
}


def _by_job(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("job_id").sort_index()


@every_method
@pytest.mark.parametrize("seconds", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_values_give_a_status_and_never_an_exception(
    method: Method, seconds: list[float]
) -> None:
    runs = one_job(seconds)
    out = method.call(runs)
    assert len(out) == (runs["job_id"].nunique() if method.by_job else len(runs))
    assert set(out["status"]) <= STATUSES
    numbers = out.select_dtypes("number").to_numpy(dtype=float)
    assert not np.isinf(numbers).any()


@every_method
@given(runs=histories(bad=True))
def test_one_row_each_with_a_status_and_an_untouched_input(
    method: Method, runs: pd.DataFrame
) -> None:
    before = runs.copy(deep=True)
    out = method.call(runs)
    assert_frame_equal(runs, before)
    assert set(out["status"]) <= STATUSES
    if method.by_job:
        assert list(out["job_id"]) == sorted(runs["job_id"].unique())
    else:
        assert out.index.equals(runs.index)


@every_method
@given(runs=histories(bad=True), seed=st.integers(0, 2**32 - 1))
def test_arrival_order_does_not_matter(method: Method, runs: pd.DataFrame, seed: int) -> None:
    shuffled = runs.sample(frac=1.0, random_state=seed)
    out, again = method.call(runs), method.call(shuffled)
    if method.by_job:
        assert_frame_equal(out, again)
    else:
        assert_frame_equal(out, again.loc[out.index])


@every_method
@given(runs=histories(bad=True))
def test_a_job_does_not_depend_on_its_neighbours(method: Method, runs: pd.DataFrame) -> None:
    out = method.call(runs)
    for job_id, own in runs.groupby("job_id"):
        alone = method.call(own)
        if method.by_job:
            assert_frame_equal(
                alone.reset_index(drop=True),
                out[out["job_id"] == job_id].reset_index(drop=True),
                check_dtype=False,
            )
        else:
            assert_frame_equal(alone, out.loc[own.index])


@every_method
def test_names_do_not_matter(method: Method) -> None:
    """Renaming runs keeps every number: no answer may come from a hash or from an id's order."""
    runs = lognormal_runs(3, 40, seed=5)
    renamed = runs.assign(run_id=[f"r{hash((7, k)) % 997}-{k}" for k in range(len(runs))])
    a, b = method.call(runs), method.call(renamed)
    assert_frame_equal(
        a.drop(columns="last_run_id", errors="ignore"),
        b.drop(columns="last_run_id", errors="ignore"),
    )


@pytest.mark.parametrize("method", [m for m in METHODS if m.in_seconds], ids=lambda m: m.name)
@pytest.mark.parametrize("factor", [1.0 / 32.0, 3.0, 100.0])
def test_seconds_scale_and_scores_do_not(method: Method, factor: float) -> None:
    """Durations stay between a second and the gap between runs, so no run's order of end changes."""
    runs = lognormal_runs(4, 60, seed=3)
    scaled = runs.assign(duration_seconds=runs["duration_seconds"] * factor)
    a, b = method.call(runs), method.call(scaled)
    for column in method.in_seconds:
        then, now = (np.array(f[column].dropna().to_list(), dtype=float) for f in (a, b))
        assert then.size
        np.testing.assert_allclose(now, then * factor, rtol=1e-9)
    for column in method.without_unit:
        np.testing.assert_allclose(
            b[column].to_numpy(dtype=float), a[column].to_numpy(dtype=float), rtol=1e-6, atol=1e-9
        )


@every_method
@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        ("job_id", lambda c: None, "job_id"),
        ("job_id", lambda c: range(len(c)), "job_id must hold strings"),
        ("job_id", lambda c: c.where(c.index > 0), "job_id has missing ids"),
        ("run_id", lambda c: range(len(c)), "run_id must hold strings"),
        ("start_time", lambda c: c.dt.tz_localize(None), "start_time must be timezone-aware"),
        ("duration_seconds", lambda c: ["long"] * len(c), "duration_seconds must hold numbers"),
    ],
)
def test_a_malformed_frame_is_one_clear_error(method, column, change, message) -> None:
    runs = lognormal_runs(1, 12)
    changed = change(runs[column])
    broken = runs.drop(columns=column) if changed is None else runs.assign(**{column: changed})
    with pytest.raises(ValueError, match=message):
        method.call(broken)


def test_extra_columns_are_ignored() -> None:
    runs = lognormal_runs(2, 20)
    for method in METHODS:
        assert_frame_equal(method.call(runs), method.call(runs.assign(noise=1, cluster=None)))


@every_method
def test_no_frame_at_all_has_the_same_columns(method: Method) -> None:
    full, empty = method.call(lognormal_runs(2, 20)), method.call(runs_frame([]))
    assert list(full.columns) == list(empty.columns)
    assert empty.empty
