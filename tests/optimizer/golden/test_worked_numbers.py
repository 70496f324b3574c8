"""Numbers worked out elsewhere, with where they come from above each."""

import math

import numpy as np
import pandas as pd
import pytest

from optimizer.calibration import track
from optimizer.forecast import Distribution, backtest, p_miss_deadline, quality
from optimizer.forecast.sample import curve_of_sample, squares_with_bursts
from optimizer.forecast.walk.experts import EXPERT_COUNT
from optimizer.forecast.walk.mixture import cost_and_gradient
from optimizer.quantile import LEVELS, LOGIT_LEVELS, plotting_positions
from optimizer.rightsizing import demand, recommend_many
from optimizer.rightsizing.recommend import parallel_share
from optimizer.rightsizing.scaling import shape
from tests.strategies.runs import EPOCH, one_job


def test_kaplan_meier_of_the_first_trial() -> None:
    # Remission times of the 21 leukaemia patients given 6-MP (Freireich et al., Blood 21, 1963), the
    # worked table of most survival textbooks: S = 0.857 after 6, 0.807 after 7, 0.753 after 10,
    # 0.690 after 13, 0.627 after 16, 0.538 after 22, 0.448 after 23.
    time = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    lost = [0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]
    out = np.empty(21)
    count = plotting_positions(np.ones(21), np.array(lost, dtype=bool), 0.0, out)
    assert count == 9
    # Mid-steps: after single events at 7, 10, 13, 16, 22, 23.
    survival = np.array([0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179])
    middle = 1.0 - 0.5 * (survival[:-1] + survival[1:])
    np.testing.assert_allclose(out[3:9], middle, atol=1e-6)
    assert [t for t, c in zip(time, lost, strict=True) if not c][3:] == [7, 10, 13, 16, 22, 23]


def _curve(seconds: list[float], *, worth: float, stopped: int = 0) -> Distribution:
    """Of equally weighted runs, the last `stopped` of those of 150 s being bounds."""
    x = np.log(np.sort(seconds))
    censored = np.zeros(x.size, dtype=bool)
    last = np.flatnonzero(x == np.log(150.0))
    censored[last[last.size - stopped :]] = True
    out = np.empty((1, LEVELS.size))
    weights = np.full(x.size, 1.0 / x.size)
    curve_of_sample(
        x, censored, weights, worth, 0.03, 6.0, 0.005, LEVELS, LOGIT_LEVELS, out[0]
    )  # fmt: skip
    return Distribution(out, np.array(["ok"], dtype=object))


def test_three_equal_runs_by_hand() -> None:
    # Positions 1/4, 2/4, 3/4 of 100, 200, 400 seconds: those quantiles are the runs themselves, and
    # logit(0.6) / logit(0.75) = log 1.5 / log 3 of the way from 200 to 400 on the log scale is 0.6's.
    curve = _curve([100.0, 200.0, 400.0], worth=3.0)
    np.testing.assert_allclose(
        curve.quantile([0.25, 0.5, 0.75])[0], [100.0, 200.0, 400.0], rtol=1e-6
    )
    at_60 = 200.0 * 2.0 ** (math.log(1.5) / math.log(3.0))
    assert curve.quantile(0.6)[0] == pytest.approx(at_60, rel=1e-6)
    # Beyond 3/4 the three runs count 2 against six assumed: 1/4 of the own scale log(4) / (2 log 3) per
    # logit and (3/4)^2 of 0.03 per cubed logit, from logit 3/4 = log 3 to logit 0.9 = log 9.
    own = math.log(4.0) / (2.0 * math.log(3.0))
    assumed = 0.03 * (3.0 / 4.0) ** 2
    rise = own / 4.0 * math.log(3.0) + assumed * (math.log(9.0) ** 3 - math.log(3.0) ** 3)
    assert curve.quantile(0.9)[0] == pytest.approx(400.0 * math.exp(rise), rel=1e-6)


def test_a_burst_of_four_by_hand() -> None:
    # Eight equal runs, four of which started together: sum w^2 = 8/64, the bursts' squares are
    # (16 + 4) / 64; with correlation 1/2 the sample is worth 1 / (14/64) = 4.57 runs.
    weights = np.full(8, 1.0 / 8.0)
    burst = np.array([0, 0, 0, 0, 4, 5, 6, 7])
    scratch = np.zeros(8)
    assert squares_with_bursts(weights, burst, 0.5, scratch) == pytest.approx(14.0 / 64.0)
    assert not scratch.any()


def test_a_level_moves_by_hand() -> None:
    # Quantile 0.9, rate 0.1: a run above it moves the level up by 0.09 logits, one below down by 0.01.
    moved = np.zeros(1)
    track(moved, np.array([0.9]), np.array([5.0]), 6.0, 0.1)
    assert moved[0] == pytest.approx(0.09)
    track(moved, np.array([0.9]), np.array([5.0]), 5.0, 0.1)
    assert moved[0] == pytest.approx(0.08)


def test_gradient_of_a_pool_by_hand() -> None:
    # Values 0 and 2, the run at 1. Expert 0 believes in 0, expert 1 in 2; the pool is half and half:
    # F = 1/2 on (0, 2), CRPS = 1/4 + 1/4. One more of expert 0 raises F on all of (0, 2):
    # 2 (1/2 * 1 + (1/2 - 1) * 1) = 0; of expert 1 nowhere. Both are equally wrong.
    # With the run at 2 the first costs 2 * 1/2 * 2 = 2.
    weights = np.zeros((EXPERT_COUNT, 2))
    weights[0, 0] = weights[1:, 1] = 1.0
    gradient = np.empty(EXPERT_COUNT)
    ones, value, pooled = np.ones(EXPERT_COUNT), np.array([0.0, 2.0]), np.array([0.5, 0.5])
    assert cost_and_gradient(
        1.0, value, pooled, weights, ones, gradient, np.empty(pooled.size)
    ) == pytest.approx(0.5)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-15)
    assert cost_and_gradient(
        2.0, value, pooled, weights, ones, gradient, np.empty(pooled.size)
    ) == pytest.approx(0.5)
    np.testing.assert_allclose(gradient, [2.0] + [0.0] * (EXPERT_COUNT - 1), atol=1e-15)


def test_a_limit_equal_to_the_usual_duration_is_kept() -> None:
    # Ten runs of 60 s and one of 90 s: the last 60 is at 10/12, and 0.8 is the stored level below it.
    seconds = [60.0] * 10 + [90.0]
    curve = _curve(seconds, worth=11.0)
    assert curve.p_over_limit(60.0)[0] == pytest.approx(0.2)
    assert curve.p_over_limit(59.99)[0] > 0.9
    # Levels below the middle of the sixties lie just below 60, those above it just above.
    assert curve.quantile(0.3)[0] < 60.0 < curve.quantile(0.6)[0] < 60.0001


def test_log_logistic_survival_by_hand() -> None:
    # Log-logistic with median 100 and shape 2: S(t) = 1 / (1 + (t / 100)^2), so S(200) = 1/5,
    # S(300) = 1/10 and P(T > 300 | T > 200) = 1/2.
    logit = np.log(LEVELS / (1 - LEVELS))
    curve = Distribution.from_seconds([100.0 * np.exp(0.5 * logit)])
    assert curve.p_over_limit(200.0)[0] == pytest.approx(0.2)
    assert curve.p_over_limit(300.0)[0] == pytest.approx(0.1)
    assert curve.p_over_limit(300.0, 200.0)[0] == pytest.approx(0.5)
    # Far in the tail, where 1 - F would be all rounding: S(1e9) = 1e-14 to ten digits.
    assert curve.p_over_limit(1e9)[0] == pytest.approx(1e-14, rel=1e-9)


def test_timeouts_push_the_upper_quantiles_up() -> None:
    # Ten successes of 100..190 s; five more attempts were killed at 150 s. Among 16 equal runs (the
    # next one included) S after 150 s falls to 10/16; the four successes beyond share 5 at risk
    # (the five killed have left): S after 160, 170, 180, 190 = 10/16 * (4/5, 3/5, 2/5, 1/5).
    seconds = [100.0 + 10.0 * k for k in range(10)]
    curve = _curve(seconds + [150.0] * 5, worth=15.0, stopped=5)
    middle_of_190 = 1.0 - 10.0 / 16.0 * (2.0 + 1.0) / 10.0 + 1.0 / 32.0
    # The curve is stored at fixed levels; between them it is a straight line, not a step.
    assert curve.quantile(middle_of_190)[0] == pytest.approx(190.0, rel=1e-2)
    # The same successes alone put 190 s at 10/11.
    alone = _curve(seconds, worth=10.0)
    assert alone.quantile(10.0 / 11.0)[0] == pytest.approx(190.0, rel=2e-2)
    assert middle_of_190 < 10.0 / 11.0


def test_retry_by_hand() -> None:
    # Attempts of 100 s almost exactly, failing with probability 0.2. With 150 s to go only the first
    # counts: P(miss) = 0.2. With 250 s the retry fits too: 0.2 * 0.2 = 0.04; a wait of 60 s undoes it.
    logit = np.log(LEVELS / (1 - LEVELS))
    steady = Distribution.from_seconds([100.0 * np.exp(1e-6 * logit)])
    assert p_miss_deadline(steady, 150.0, failure_rate=0.2)[0] == pytest.approx(0.2)
    assert p_miss_deadline(steady, 250.0, failure_rate=0.2)[0] == pytest.approx(0.04)
    waited = p_miss_deadline(steady, 250.0, failure_rate=0.2, retry_wait_seconds=60.0)
    assert waited[0] == pytest.approx(0.2)
    assert p_miss_deadline(steady, 50.0)[0] == pytest.approx(1.0)


def test_sum_of_two_uniform_delays_by_hand() -> None:
    # Start and queue both uniform on (0, 60) s; the sum has P(<= 60) = 1/2 and P(<= 30) = 1/8.
    logit = np.log(LEVELS / (1 - LEVELS))
    instant = Distribution.from_seconds([0.1 * np.exp(1e-6 * logit)])
    uniform = (60.0 * LEVELS)[None, :]
    delays = {"start_delay_seconds": uniform, "queue_seconds": uniform, "retries": 0}
    assert p_miss_deadline(instant, 60.0, **delays)[0] == pytest.approx(0.5, abs=0.03)
    assert p_miss_deadline(instant, 30.0, **delays)[0] == pytest.approx(0.875, abs=0.03)


def test_amdahl_by_hand() -> None:
    # s = 0.2: T(1) = 1, T(4) = 0.2 + 0.8 / 4 = 0.4, T(8) = 0.3. At 8 workers 0.1 of 0.3 is shared
    # work: a third. Going to 4, 2/3 + 1/3 * 2 = 4/3 = 0.4 / 0.3.
    assert shape(0.2, [1, 4, 8]) == pytest.approx([1.0, 0.4, 0.3])
    assert parallel_share(0.2, 8) == pytest.approx(1.0 / 3.0)
    # More than proportional, e = 0.25: halving the workers takes 2^1.25 as long.
    assert shape(-0.25, 2) / shape(-0.25, 4) == pytest.approx(2.0**1.25)


def test_saving_by_hand() -> None:
    # 20 % busy nodes, 8 workers and a driver. Four workers: f uniform on (0, 0.2), r = 1 + f; at the
    # quantiles 0.1, 0.5, 0.9 of f: 1.02, 1.1, 1.18; times 5/9 of the nodes: spend falls to
    # 0.56667, 0.61111, 0.65556. Of 900: savings 390, 350, 310.
    logit = np.log(LEVELS / (1 - LEVELS))
    row = {
        "job_id": "w/1", "workers": 8, "worker_node_type": "m", "cpu_p95_pct": 20.0,
        "mem_p99_pct": 30.0, "swap": 0.0, "minutes": 5000.0, "runs": 30, "limit_seconds": 1000.0,
        "runtime_quantile_seconds": (100.0 * np.exp(0.1 * logit)).tolist(), "list_cost": 900.0,
    }  # fmt: skip
    out = recommend_many(pd.DataFrame([row])).iloc[0]
    assert (out["action"], out["recommended_workers"]) == ("downsize", 4)
    savings = out[["saving_lower", "saving_mid", "saving_upper"]].to_numpy(dtype=float)
    np.testing.assert_allclose(savings, [310.0, 350.0, 390.0])
    assert out["saving_basis"] == "dbu"


def test_demand_by_hand() -> None:
    # 200 readings 0.5, 1.5, ... of bins 0..99, two a bin: the 95 % quantile is the end of bin 94.
    ts = pd.date_range(EPOCH, periods=200, freq="min")
    pct = np.repeat(np.arange(100) + 0.5, 2)
    usage = pd.DataFrame({"entity_id": "c", "ts": ts, "cpu_pct": pct, "mem_pct": 50.5})
    row = demand(usage).iloc[0]
    assert row["cpu_target_pct"] == 95.0
    assert row["cpu_mean_pct"] == pytest.approx(50.0)
    # Memory: bin 50 ends at 51; 51 * 1.15 = 58.65.
    assert row["mem_target_pct"] == pytest.approx(58.65)
    # 200 minutes are 20 independent ones: 0.95 -/+ 1.645 sqrt(0.95 * 0.05 / 20) = 0.8698 and 1.03.
    assert row["lower"] == 87.0
    assert row["upper"] == 100.0


def test_quality_by_hand() -> None:
    # Four runs against quantiles 10 %, 50 %, 90 % = 50, 100, 200: only 99 and 100 lie below the
    # median, all but 300 below 200.
    runs = one_job([99.0, 100.0, 150.0, 300.0])
    forecasts = pd.DataFrame({0.1: 50.0, 0.5: 100.0, 0.9: 200.0, "status": "ok"}, index=runs.index)
    row = quality(forecasts, runs).iloc[0]
    assert (row["coverage_0.1"], row["coverage_0.5"], row["coverage_0.9"]) == (0.0, 0.5, 0.75)
    assert row["runs_scored"] == 4


def test_midnight_belongs_to_the_night_before() -> None:
    # EPOCH is a midnight. Ten runs end on the day before it; the run that starts at EPOCH is
    # published for at the midnight before, when none had ended; a second later they all count.
    runs = one_job([60.0] * 10, gap_hours=1.0)
    runs["start_time"] -= pd.Timedelta(hours=12)
    later = one_job([60.0, 60.0], job_id="w/1", gap_hours=1 / 3600)
    both = pd.concat([runs, later.assign(run_id=["x", "y"])], ignore_index=True)
    forecasts = backtest(both, (0.5,), origin="nightly")["status"]
    assert forecasts.iloc[-2:].tolist() == ["too_few_runs", "ok"]
