"""Forecasts after a change of level, and at the turn of a month."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from optimizer.baselines import replay
from optimizer.forecast import backtest, fit
from optimizer.forecast.walk import months
from optimizer.priors import SHIPPED, Effect, FleetPriors

SD = 0.2
LIMIT = 1.4
TAUGHT = FleetPriors(Effect(0.3, 0.6, 0.2), Effect(0.3, 0.6, 0.2))


def _jobs(logs: NDArray[np.float64], start: str = "2026-01-05 06:00") -> pd.DataFrame:
    """Daily jobs of these log durations (jobs, days), around five minutes."""
    jobs, days = logs.shape
    return pd.DataFrame(
        {
            "job_id": np.repeat([f"w/{job:03d}" for job in range(jobs)], days),
            "run_id": np.tile(np.arange(days).astype(str), jobs),
            "start_time": pd.Timestamp(start, tz="UTC")
            + pd.to_timedelta(np.tile(np.arange(days), jobs), unit="D"),
            "duration_seconds": 300.0 * np.exp(logs.ravel()),
            "status": "SUCCEEDED",
        }
    )


def _shifted(ratio: float, days: int, *, jobs: int = 100) -> pd.DataFrame:
    """Jobs whose level changes after sixty days."""
    rng = np.random.default_rng(5)
    logs = SD * rng.standard_normal((jobs, days)) + np.log(ratio) * (np.arange(days) >= 60)
    return _jobs(logs)


@pytest.mark.parametrize("ratio", [2.0, 0.5])
def test_ten_runs_after_a_change_of_level_its_quantiles_are_in_the_new_one(ratio: float) -> None:
    """The quantile on the side of the old level, 3.5 deviations away, is within three of the new one."""
    runs = _shifted(ratio, 71)
    quantiles = backtest(runs, (0.05, 0.5, 0.95))
    at = runs["run_id"] == "70"
    z = (np.log(quantiles.loc[at, [0.05, 0.5, 0.95]] / 300.0) - np.log(ratio)) / SD
    assert np.abs(z[0.5].median()) < 0.25
    far = z[0.05] if ratio > 1.0 else -z[0.95]
    assert -3.0 < far.median() < -1.0
    assert (far > -3.0).mean() > 0.7


def test_a_state_lives_in_the_new_level_too() -> None:
    runs = _shifted(2.0, 72, jobs=40)
    said = fit(runs).predict(pd.DataFrame({"job_id": runs["job_id"].unique()})).quantile(0.05)
    assert np.median(said) > 600.0 * np.exp(-3.0 * SD)


def test_an_incident_is_no_change_of_level() -> None:
    rng = np.random.default_rng(5)
    logs = SD * rng.standard_normal((40, 64))
    logs[:, 61] += 3.0
    memory = fit(_jobs(logs)).states["memory"]
    unheard = [len(state["rank"]) == state["runs_since"] for state in memory]
    assert np.mean(unheard) > 0.9


def test_a_level_that_comes_back_is_trusted_less() -> None:
    rng = np.random.default_rng(5)
    noise = SD * rng.standard_normal((30, 150))
    there_and_back = noise + (np.arange(150) // 10 % 2)
    stays = noise + (np.arange(150) >= 75)
    trust = [
        np.mean([state["trust"] for state in fit(_jobs(logs)).states["memory"]])
        for logs in (there_and_back, stays)
    ]
    assert trust[0] < trust[1]


def _month_ends(days: int) -> tuple[pd.DataFrame, NDArray[np.bool_], NDArray[np.bool_]]:
    """Jobs of which the first fifty take up to 2.5 times as long on the last day of a month; the rows of the
    last one, and of the jobs that do."""
    rng = np.random.default_rng(5)
    runs = _jobs(0.15 * rng.standard_normal((150, days)), "2025-01-08 06:00")
    has_effect = np.repeat(np.arange(150) < 50, days)
    is_last = runs["start_time"].dt.is_month_end.to_numpy()
    effect = np.repeat(np.log(rng.uniform(1.5, 2.5, 150)), days)
    runs["duration_seconds"] *= np.exp(np.where(has_effect & is_last, effect, 0.0))
    return runs, is_last & (runs["run_id"] == str(days - 1)).to_numpy(), has_effect


@pytest.mark.parametrize(("days", "priors"), [(52, TAUGHT), (358, SHIPPED)])
def test_month_ends_are_said_and_come(days: int, priors: FleetPriors) -> None:
    """With one in the history, of an account where they are common; and with eleven."""
    runs, at, has_effect = _month_ends(days)
    assert runs.loc[at, "start_time"].dt.is_month_end.all()
    over = runs["duration_seconds"] > 300.0 * LIMIT
    said = backtest(runs, (), limits=300.0 * LIMIT, priors=priors)["p_breach"]
    came = over[at & has_effect].sum()
    assert came > 30
    assert 0.75 * came < said[at & has_effect].sum() < 1.25 * came
    assert said[at & ~has_effect].mean() < 0.1


def test_common_month_ends_are_expected_of_a_job_that_has_shown_one() -> None:
    runs, at, has_effect = _month_ends(52)
    limits = {"limits": 300.0 * LIMIT}
    rare = FleetPriors(Effect(0.01, 0.6, 0.2), Effect(0.01, 0.6, 0.2))
    said = [
        backtest(runs, (), **limits, priors=priors)["p_breach"][at & has_effect].mean()
        for priors in (rare, SHIPPED, TAUGHT)
    ]
    assert said == sorted(said)
    assert said[0] < said[2] - 0.2


def test_baselines_expect_what_the_account_has_taught() -> None:
    """The first month end of a job: at its center, and no further from it than before."""
    runs = _jobs(0.15 * np.random.default_rng(5).standard_normal((1, 24)), "2025-01-08 06:00")
    heavy = FleetPriors(Effect(0.9, 0.6, 0.2), SHIPPED.first_of_month)
    centers = [replay(runs, priors=priors)["center"].to_numpy() for priors in (None, heavy)]
    assert centers[1][23] / centers[0][23] == pytest.approx(np.exp(0.54), rel=0.05)
    np.testing.assert_allclose(centers[1][:23], centers[0][:23])


def test_probabilities_are_those_of_bayes_rule() -> None:
    rng = np.random.default_rng(5)
    prior = months.log_priors(SHIPPED)[1]
    assert np.exp(prior).sum() == pytest.approx(1.0)
    likelihood, out = rng.normal(size=prior.size), np.empty(prior.size)
    months.probabilities(prior, likelihood, out)
    direct = np.exp(prior) * np.exp(likelihood)
    np.testing.assert_allclose(out, direct / direct.sum())


@pytest.mark.parametrize(
    ("effect", "named"),
    [
        ((1.5, 0.5, 0.5), "share"),
        ((0.1, np.inf, 0.5), "log_effect"),
        ((0.1, 0.5, 0.0), "spread_log"),
    ],
)
def test_an_effect_that_cannot_be_is_refused(effect: tuple[float, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Effect(*effect)
