"""Rules that people use to find slow runs, against a few lines of pandas over the runs that had ended."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optimizer.evaluation.anomalies.compare import compare, counted_runs, within_reach
from optimizer.evaluation.anomalies.detector import Detector, Judged
from optimizer.evaluation.anomalies.methods import METHODS, OURS
from optimizer.evaluation.anomalies.rules import RULES
from optimizer.forecast.curves import SHORTEST_SECONDS
from optimizer.panel import RunPanel
from tests.strategies.runs import histories, lognormal_runs


def z_of_30_days(past: pd.DataFrame, run: pd.Series, x: float) -> float:
    recent = past[past["start_time"] >= run["start_time"] - pd.Timedelta(days=30)]
    among = np.append((recent if len(recent) else past.iloc[-1:])["seconds"], x)
    sd = among.std(ddof=1)
    return (x - among.mean()) / sd if sd > 1e-9 * among.mean() else np.nan


def of_days(past: pd.DataFrame, run: pd.Series, days: int) -> pd.Series:
    recent = past[past["start_time"] >= run["start_time"] - pd.Timedelta(days=days)]
    return (recent if len(recent) else past.iloc[-1:])["seconds"]


def median_ratio(past: pd.DataFrame, run: pd.Series, x: float) -> float:
    return x / of_days(past, run, 7).median()


def beyond_p90(past: pd.DataFrame, run: pd.Series, x: float) -> float:
    recent = of_days(past, run, 30)
    return x / (2.0 * recent.max() - recent.quantile(0.9))


def week_over_week(past: pd.DataFrame, run: pd.Series, x: float) -> float:
    day = run["start_time"].floor("D") - pd.Timedelta(days=7)
    before = past[past["start_time"].dt.floor("D") == day]
    mean = before["duration_seconds"].mean()
    return x / max(mean, SHORTEST_SECONDS)


NAIVE = {
    "z_of_30_days": z_of_30_days,
    "median_ratio": median_ratio,
    "beyond_p90": beyond_p90,
    "week_over_week": week_over_week,
}


@pytest.mark.parametrize("rule", RULES)
@given(runs=histories(max_runs=25), factor=st.sampled_from([1.0, 2.0]))
def test_a_rule_is_what_it_says(rule: str, runs: pd.DataFrame, factor: float) -> None:
    panel = RunPanel.from_frame(runs)
    at = np.arange(panel.row.size)
    judged = RULES[rule].of(panel)(at, factor * panel.duration_seconds).slow
    runs = runs.assign(
        seconds=runs["duration_seconds"].clip(lower=SHORTEST_SECONDS),
        end_time=runs["start_time"]
        + pd.to_timedelta(np.ceil(runs["duration_seconds"] * 1e6), unit="us"),
    )
    # In the order in which the panel holds runs that end together.
    in_order = runs.iloc[panel.row].sort_values("end_time", kind="stable")
    for position, row in enumerate(panel.row):
        run = runs.loc[row]
        past = in_order[
            (in_order["job_id"] == run["job_id"])
            & (in_order["end_time"] < run["start_time"])
            & in_order["status"].isin(["SUCCEEDED", "UNKNOWN"])
        ]
        x = factor * run["duration_seconds"]
        expected = NAIVE[rule](past, run, x) if len(past) else np.nan
        if np.isnan(expected):
            # Next to no spread: a sum of squares leaves rounding where there is nothing.
            assert np.isnan(judged[position]) or rule == "z_of_30_days"
        else:
            assert judged[position] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(histories(max_runs=30, bad=True), st.integers(0, 10))
def test_runs_count_that_finished_with_enough_before_them(runs: pd.DataFrame, fewest: int) -> None:
    panel = RunPanel.from_frame(runs)
    finished = [k for k in range(panel.row.size) if panel.outcome[k] in (1, 5)]
    job = np.repeat(np.arange(panel.job_ids.size), np.diff(panel.offsets))
    expected = [
        k
        for k in finished
        if panel.duration_seconds[k] > 0.0
        and sum(job[j] == job[k] and panel.end_us[j] < panel.start_us[k] for j in finished) > 0
        and fewest
        <= sum(job[j] == job[k] and panel.end_us[j] < panel.start_us[k] for j in finished)
    ]
    np.testing.assert_array_equal(counted_runs(panel, fewest), expected)
    seconds = panel.duration_seconds
    is_within = within_reach(panel)
    for k in range(panel.row.size):
        before = [seconds[j] for j in range(max(0, k - 100), k) if job[j] == job[k]]
        before = [each for each in before if np.isfinite(each)]
        assert is_within[k] == (bool(before) and seconds[k] <= 1.5 * max(before))


def normal_test(mean: float, sd: float) -> Detector:
    """The test of runs that are lognormal around `mean`."""

    def of(_: RunPanel):
        return lambda at, seconds: Judged(-stats.norm.sf((np.log(seconds) - mean) / sd))

    return Detector("the true law", of, -0.001, p_value=lambda score: -score)


def test_the_test_that_knows_finds_what_its_power_says() -> None:
    """P(z > z_alpha - log(factor) / sd), and p-values that are what they say."""
    runs = lognormal_runs(50, 300, sd_log=0.2, seed=2)
    knowing = normal_test(np.log(300.0), 0.2)
    compared = compare(RunPanel.from_frame(runs), {OURS: METHODS[OURS], "knowing": knowing})
    score = compared.scores["knowing"]
    for factor in (1.5, 2.0, 3.0):
        power = stats.norm.sf(stats.norm.isf(0.001) - np.log(factor) / 0.2)
        assert score.found[factor].share == pytest.approx(power, abs=0.015)
        assert np.isnan(score.found[0.1].share)
    for p, share in score.p_at_most.items():
        assert share == pytest.approx(p, abs=4.0 * np.sqrt(p / compared.runs))
    assert score.slow == score.p_at_most[0.001]


def test_the_error_of_a_difference_is_that_of_jobs_drawn_again() -> None:
    """Against a bootstrap over jobs of the difference itself."""
    runs = lognormal_runs(40, 120, sd_log=0.2, seed=3)
    runs["duration_seconds"] = 300.0 * (runs["duration_seconds"] / 300.0) ** (
        1.0 + runs["job_id"].str[-4:].astype(int) % 4
    )
    panel = RunPanel.from_frame(runs)
    methods = {OURS: METHODS[OURS], "median_ratio": METHODS["median_ratio"]}
    compared = compare(panel, methods)
    found = compared.scores["median_ratio"].found[2.0]
    counted = counted_runs(panel)
    seconds = panel.duration_seconds[counted]
    own, other = (method.of(panel) for method in methods.values())
    flags = (own(counted, seconds).slow > methods[OURS].slow_above).sum()
    above = np.sort(other(counted, seconds).slow)[::-1][flags]
    ahead = (other(counted, 2.0 * seconds).slow > above).astype(float)
    ahead -= own(counted, 2.0 * seconds).slow > methods[OURS].slow_above
    assert found.ahead == pytest.approx(ahead.mean(), abs=1e-12)
    job = np.repeat(np.arange(40), 120)[counted]
    sums, sizes = np.bincount(job, ahead), np.bincount(job)
    rng = np.random.default_rng(4)
    drawn = rng.integers(0, 40, (4000, 40))
    again = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    assert found.ahead_error == pytest.approx(again.std(), rel=0.1)
