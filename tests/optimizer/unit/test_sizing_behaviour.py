"""Demand, scaling and recommendations: what they say, and when they say nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.config import SizingConfig
from optimizer.quantile import LEVELS
from optimizer.rightsizing import (
    Cluster,
    Policy,
    demand,
    demand_of_histograms,
    fit_scaling,
    histograms,
    recommend,
    recommend_many,
)
from tests.strategies.runs import EPOCH

LOGIT = np.log(LEVELS / (1 - LEVELS))
PRICES = pd.DataFrame({"node_type": ["m", "x"], "dbu_per_hour": 1.0, "list_price_per_dbu": 0.15})


def _usage(cpu, mem, *, entity: str = "c") -> pd.DataFrame:
    size = np.broadcast(cpu, mem).size
    ts = pd.date_range(EPOCH, periods=size, freq="min")
    return pd.DataFrame({"entity_id": entity, "ts": ts, "cpu_pct": cpu, "mem_pct": mem})


def _observed(**runtime_of: list[float]) -> pd.DataFrame:
    rows = [(int(w[1:]), t) for w, times in runtime_of.items() for t in times]
    return pd.DataFrame(rows, columns=["workers", "runtime_seconds"])


def _clusters(**changed) -> pd.DataFrame:
    row = {
        "job_id": "w/1", "workers": 8, "worker_node_type": "m", "cpu_p95_pct": 20.0,
        "mem_p99_pct": 30.0, "swap": 0.0, "minutes": 5000.0, "runs": 30, "limit_seconds": 1000.0,
        "runtime_quantile_seconds": (100.0 * np.exp(0.1 * LOGIT)).tolist(), "list_cost": 900.0,
    }  # fmt: skip
    return pd.DataFrame([row | changed])


@given(st.lists(st.tuples(st.floats(0, 150), st.floats(0, 100)), min_size=1, max_size=300))
def test_demand_is_at_most_a_point_above_the_exact_quantile(readings) -> None:
    cpu, mem = (np.array(c) for c in zip(*readings, strict=True))
    row = demand(_usage(cpu, mem), config=SizingConfig(min_minutes=1.0)).iloc[0]
    exact = np.quantile(np.minimum(cpu, 100.0), 0.95, method="inverted_cdf")
    assert exact - 1e-9 <= row["cpu_target_pct"] <= exact + 1.0 + 1e-9
    assert row["lower"] <= row["cpu_target_pct"] <= row["upper"]


@given(st.lists(st.floats(0, 100), min_size=4, max_size=60), st.integers(1, 3))
def test_histograms_add_up(readings, cut) -> None:
    usage = _usage(np.array(readings), 50.0)
    whole = demand(usage)
    parts = pd.concat([histograms(usage.iloc[:cut]), histograms(usage.iloc[cut:])])
    joined = parts.groupby(["entity_id", "role"], as_index=False).agg(
        {"cpu_histogram": "sum", "mem_histogram": "sum", "minutes": "sum", "nodes": "max"}
    )
    pd.testing.assert_frame_equal(demand_of_histograms(joined), whole)


def test_histograms_may_be_mappings_in_any_order() -> None:
    one = histograms(_usage(np.arange(100.0), 50.0))
    other = one.copy()
    for name in ("cpu_histogram", "mem_histogram"):
        other[name] = [
            [{"minutes": m, "bin_pct": b} for b, m in reversed(row)] for row in one[name]
        ]
    pd.testing.assert_frame_equal(demand_of_histograms(one), demand_of_histograms(other))


@pytest.mark.parametrize(
    ("cpu", "mem", "status"),
    [
        ([], [], None),
        ([50.0], [50.0], "too_few_runs"),
        ([np.nan] * 200, [50.0] * 200, "not_assessed"),
        ([50.0] * 200, [np.nan] * 200, "not_assessed"),
        ([np.inf, -5.0] * 100, [50.0] * 200, "not_assessed"),
        ([1e300] * 200, [5e-324] * 200, "ok"),
        ([0.0] * 200, [0.0] * 200, "ok"),
    ],
)
def test_awkward_usage_gives_a_status(cpu, mem, status) -> None:
    out = demand(_usage(np.array(cpu, dtype=float), np.array(mem, dtype=float)))
    assert out["status"].tolist() == ([] if status is None else [status])
    assert out["reason"].isna().tolist() == [s == "ok" for s in out["status"]]


def test_roles_and_nodes_are_kept_apart() -> None:
    usage = pd.concat([_usage(10.0 * np.ones(200), 10.0), _usage(90.0 * np.ones(200), 10.0)])
    usage["role"] = np.repeat(["driver", "worker"], 200)
    usage["node_id"] = np.tile(["a", "b"], 200)
    out = demand(usage)
    assert out["role"].tolist() == ["driver", "worker"]
    assert out["cpu_target_pct"].tolist() == [11.0, 91.0]
    assert out["nodes"].tolist() == [2.0, 2.0]


def test_one_size_leaves_everything_between_perfect_and_none() -> None:
    scaling = fit_scaling(_observed(w8=[100.0] * 20))
    assert scaling.predict([8], [0.5])[0, 0] == pytest.approx(100.0, rel=0.02)
    low, high = scaling.predict([4], [0.02, 0.98])[0]
    assert low < 103
    assert high > 195
    assert np.all(np.diff(scaling.predict([4, 8, 16], [0.1, 0.5, 0.9]), axis=1) > 0)


@pytest.mark.parametrize("serial", [0.0, 0.2, 1.0])
def test_two_sizes_show_the_curve(serial: float) -> None:
    def runtime(n: int) -> float:
        return 800.0 * (serial + (1 - serial) / n)

    scaling = fit_scaling(_observed(w8=[runtime(8)] * 10, w2=[runtime(2)] * 10))
    low, middle, high = scaling.predict([4], [0.05, 0.5, 0.95])[0]
    assert middle == pytest.approx(runtime(4), rel=0.06)
    assert low <= runtime(4) <= high


def test_scaling_does_not_depend_on_order_and_scales_with_the_clock() -> None:
    seen = _observed(w8=[100.0, 104.0, 97.0], w4=[150.0, 161.0])
    question = ([2, 4, 8], [0.1, 0.5, 0.9])
    first = fit_scaling(seen).predict(*question)
    np.testing.assert_array_equal(first, fit_scaling(seen.iloc[::-1]).predict(*question))
    minutes = seen.assign(runtime_seconds=seen["runtime_seconds"] / 60.0)
    np.testing.assert_allclose(fit_scaling(minutes).predict(*question) * 60.0, first, rtol=1e-9)


def test_other_contexts_share_the_shape_but_not_the_level() -> None:
    big = _observed(w8=[1000.0] * 5, w4=[2000.0] * 5).assign(context="big")
    small = _observed(w8=[10.0] * 12).assign(context="small")
    scaling = fit_scaling(pd.concat([big, small]))
    low, middle, high = scaling.predict([4], [0.1, 0.5, 0.9])[0]
    assert middle == pytest.approx(20.0, rel=0.1)
    assert high / low < 1.6


@pytest.mark.parametrize("bad", [[], [float("nan")], [float("inf")], [0.0], [-5.0]])
def test_no_usable_observation_is_a_status(bad) -> None:
    scaling = fit_scaling(_observed(w8=bad))
    assert scaling.status == "too_few_runs"
    assert np.isnan(scaling.predict([4, 8], [0.5])).all()


@pytest.mark.parametrize("seconds", [1e-300, 1e300])
def test_extreme_runtimes_stay_finite(seconds: float) -> None:
    predicted = fit_scaling(_observed(w8=[seconds] * 3)).predict([1, 8, 1000], [0.01, 0.99])
    assert np.isfinite(predicted).all()
    assert (predicted > 0).all()


def _recommend(
    scaling, *, limit=None, candidates=(4, 6, 16), node_type="m", prices=PRICES, **cluster
):
    options = pd.DataFrame({"workers": list(candidates), "node_type": node_type})
    now = Cluster(workers=8, node_type="m", list_cost=100.0, **cluster)
    return recommend(now, options, scaling, None, prices, Policy(limit_seconds=limit))


def test_without_evidence_the_size_is_kept() -> None:
    out = _recommend(fit_scaling(_observed(w8=[100.0] * 10)), limit=150.0)
    assert (out.action, out.chosen, out.saving_upper) == ("keep", 0, 0.0)
    assert out.frame["allowed"].tolist()[:3] == [True, False, False]


def test_flat_scaling_is_taken_and_keeps_the_limit() -> None:
    seen = fit_scaling(_observed(w8=[100.0, 101.0, 99.0] * 5, w4=[102.0, 101.0, 103.0] * 5))
    out = _recommend(seen, limit=200.0)
    assert out.action == "downsize"
    assert out.frame["workers"].iloc[out.chosen] == 4
    assert 0 < out.saving_lower < out.saving_mid < out.saving_upper <= 100.0
    # 5 of 9 nodes for about 1.02 of the time: near 43 of 100.
    assert out.saving_mid == pytest.approx(100 * (1 - 1.02 * 5 / 9), abs=3)
    assert out.frame["p_miss"].iloc[out.chosen] <= 0.05


def test_a_tight_limit_forbids_what_a_loose_one_allows() -> None:
    seen = fit_scaling(_observed(w8=[100.0, 110.0, 90.0] * 4, w4=[135.0, 145.0, 125.0] * 4))
    assert _recommend(seen, limit=400.0, candidates=(4,)).action == "downsize"
    tight = _recommend(seen, limit=140.0, candidates=(4,))
    assert tight.action == "keep"
    assert "miss the limit" in tight.frame["reasons"].iloc[1]


def test_a_missed_limit_is_answered_by_more_workers() -> None:
    seen = fit_scaling(_observed(w8=[100.0, 101.0, 99.0] * 5, w16=[55.0, 54.0, 56.0] * 5))
    out = _recommend(seen, limit=90.0)
    assert (out.action, out.frame["workers"].iloc[out.chosen]) == ("upsize", 16)
    assert out.saving_upper == 0.0


def test_full_memory_or_cpu_forbids_fewer_workers() -> None:
    flat = fit_scaling(_observed(w8=[100.0] * 9, w4=[100.0] * 9))
    assert _recommend(flat, limit=300.0).action == "downsize"
    full = _recommend(flat, limit=300.0, mem_demand_pct=60.0, candidates=(4,))
    assert full.action == "keep"
    assert "memory demand would be 120 %" in full.frame["reasons"].iloc[1]
    assert _recommend(flat, limit=300.0, cpu_demand_pct=50.0, candidates=(4,)).action == "keep"


def test_what_is_not_comparable_is_not_priced() -> None:
    flat = fit_scaling(_observed(w8=[100.0] * 9, w4=[100.0] * 9))
    other = _recommend(flat, limit=300.0, node_type="x")
    assert other.action == "keep"
    foreign = other.frame.iloc[1:]
    assert set(foreign["status"]) == {"not_assessed"}
    assert foreign[["cost", "p_miss", "saving_mid", "runtime_seconds"]].isna().all(axis=None)
    assert "machine prices" in foreign["reasons"].iloc[0]
    spot = pd.DataFrame({"workers": [4], "node_type": "m", "spot": True})
    now = Cluster(workers=8, node_type="m", list_cost=100.0)
    out = recommend(now, spot, flat, None, PRICES, Policy())
    assert out.frame["status"].tolist() == ["ok", "not_assessed"]
    assert out.saving_basis == "dbu"
    priced = PRICES.assign(vm_price_per_hour=0.2)
    assert _recommend(flat, prices=priced).saving_basis == "dbu+vm"


def test_recommendation_without_observations_is_a_status() -> None:
    out = _recommend(fit_scaling(_observed(w8=[])), limit=300.0)
    assert (out.status, out.action) == ("too_few_runs", "keep")


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"minutes": 10.0}, "too_few_runs", "node-minutes"),
        ({"runs": 2}, "too_few_runs", "runs were seen"),
        ({"runtime_quantile_seconds": None}, "too_few_runs", "could not be forecast"),
        ({"cpu_p95_pct": np.nan}, "not_assessed", "not measured"),
        ({"workers": 0}, "not_assessed", "no workers"),
        ({"list_cost": np.nan}, "not_assessed", "cost"),
        ({"swap": 3.0}, "ok", "swapping"),
        ({"mem_p99_pct": 84.0}, "ok", "No smaller size"),
        ({"cpu_p95_pct": 69.0}, "ok", "No smaller size"),
        ({"limit_seconds": 101.0}, "ok", "more workers are not shown to help"),
        ({"list_cost": 0.0}, "ok", "suffice"),
    ],
)
def test_a_fleet_row_says_why_it_is_kept(changed, status, words) -> None:
    row = recommend_many(_clusters(**changed)).iloc[0]
    assert row["status"] == status
    assert words in row["reason"]
    assert row["reason"].endswith(".")
    if "suffice" not in words:
        assert row["action"] == "keep"
        assert row["recommended_workers"] == changed.get("workers", 8)


def test_cpu_bound_jobs_that_miss_get_more() -> None:
    row = recommend_many(_clusters(cpu_p95_pct=98.0, limit_seconds=115.0)).iloc[0]
    assert row["action"] == "upsize"
    assert 8 < row["recommended_workers"] <= 16
    assert row["p_miss_recommended"] <= 0.5 * row["p_miss_now"]
    assert row["saving_upper"] == 0.0
    # What it costs: all of the work is shared at best, and then more workers cost next to nothing.
    assert 0 < row["added_cost_lower"] < row["added_cost_mid"] < row["added_cost_upper"]
    twice = row["recommended_workers"] + 1.0
    assert row["added_cost_upper"] <= (twice / 9.0 - 1.0) * _clusters()["list_cost"].iloc[0]


fleets = st.lists(
    st.fixed_dictionaries(
        {
            "workers": st.integers(0, 200) | st.just(float("nan")),
            "cpu_p95_pct": st.floats(0, 100),
            "mem_p99_pct": st.floats(0, 100),
            "swap": st.sampled_from([0.0, 0.0, 5.0, float("nan")]),
            "limit_seconds": st.floats(1, 1e4) | st.just(float("nan")),
            "list_cost": st.floats(0, 1e6) | st.just(float("inf")),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(fleets, st.randoms(use_true_random=False))
def test_laws_of_a_fleet(rows, order) -> None:
    frame = pd.concat([_clusters(job_id=f"w/{k}", **row) for k, row in enumerate(rows)])
    frame = frame.set_index(pd.RangeIndex(len(rows)))
    before = frame.copy(deep=True)
    out = recommend_many(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert out["job_id"].tolist() == frame["job_id"].tolist()
    ok = out[out["status"] == "ok"]
    spend = frame["list_cost"][ok.index]
    assert (ok["saving_lower"] <= ok["saving_mid"]).all()
    assert (ok["saving_mid"] <= ok["saving_upper"]).all()
    assert ok["saving_lower"].ge(0).all()
    assert ok["saving_upper"].le(spend).all()
    down = ok[ok["action"] == "downsize"]
    assert (down["recommended_workers"] < down["workers"]).all()
    assert (down["recommended_workers"] >= down["workers"] / 2).all()
    assert down["p_miss_recommended"].dropna().le(0.05).all()
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    again = recommend_many(frame.iloc[shuffled]).sort_index()
    pd.testing.assert_frame_equal(again, out)
    alone = recommend_many(frame.iloc[[0]])
    pd.testing.assert_frame_equal(alone, out.iloc[[0]], check_dtype=False)
