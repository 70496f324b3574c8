"""Misses, their parts and remaining times against many draws of the story they sum up."""

import numpy as np
import pytest

from optimizer.forecast import Distribution, miss_deadline, miss_limit
from optimizer.forecast.in_flight import remaining_seconds
from optimizer.quantile import LEVELS, LOGIT_LEVELS

DRAWS = 400_000
CLOSE = 0.02
"""Sums of distributions are taken over 24 points."""


def _log_logistic(rng: np.random.Generator, middle: float, spread: float) -> np.ndarray:
    share = rng.random(DRAWS)
    return middle * (share / (1.0 - share)) ** spread


@pytest.mark.parametrize("slack", [300.0, 900.0, 1500.0, 2400.0])
@pytest.mark.parametrize(("failing", "again"), [(0.0, 0.0), (0.2, 0.7), (0.5, 1.0)])
def test_a_deadline_and_its_parts(slack: float, failing: float, again: float) -> None:
    rng = np.random.default_rng(5)
    upstream = rng.random(DRAWS) * 400.0
    start = rng.random(DRAWS) ** 2 * 600.0
    one, two = (_log_logistic(rng, 500.0, 0.25) for _ in range(2))
    fails, fails_again, tries = ([failing, failing, again] > rng.random((3, DRAWS)).T).T
    wait = 120.0
    before = upstream + start
    late = before + one > slack
    second_ok = fails & tries & ~fails_again & (before + one + wait + two <= slack)
    missed = late | (fails & ~second_ok)
    usual = slack - 500.0
    expected = {
        "p_miss": missed.mean(),
        "upstream": (late & (upstream > usual)).mean() if usual >= 0 else 0.0,
        "start": (late & (before > usual) & (upstream <= usual)).mean() if usual >= 0 else 0.0,
        "failure": (missed & ~late).mean(),
    }
    miss = miss_deadline(
        Distribution.from_seconds([500.0 * np.exp(0.25 * LOGIT_LEVELS)]),
        slack,
        upstream_delay_seconds=(400.0 * LEVELS)[None, :],
        start_delay_seconds=(600.0 * LEVELS**2)[None, :],
        failure_rate=failing,
        retries=again,
        retry_wait_seconds=wait,
    )
    for name, share in expected.items():
        assert getattr(miss, name)[0] == pytest.approx(share, abs=CLOSE), name


@pytest.mark.parametrize("limit", [300.0, 600.0, 1200.0])
def test_a_limit(limit: float) -> None:
    rng = np.random.default_rng(6)
    one, two = (_log_logistic(rng, 500.0, 0.25) for _ in range(2))
    fails, fails_again, tries = (rng.random((3, DRAWS)).T < [0.3, 0.3, 0.6]).T
    met = (~fails & (one <= limit)) | (fails & tries & ~fails_again & (two <= limit))
    curve = Distribution.from_seconds([500.0 * np.exp(0.25 * LOGIT_LEVELS)])
    miss = miss_limit(curve, limit, failure_rate=0.3, retries=0.6)
    assert miss.p_miss[0] == pytest.approx(1.0 - met.mean(), abs=0.005)


@pytest.mark.parametrize("elapsed", [100.0, 500.0, 2000.0])
def test_what_is_left_of_a_run(elapsed: float) -> None:
    drawn = _log_logistic(np.random.default_rng(7), 500.0, 0.4)
    still = drawn[drawn > elapsed] - elapsed
    curve = Distribution.from_seconds([500.0 * np.exp(0.4 * LOGIT_LEVELS)])
    levels = np.array([0.1, 0.5, 0.8, 0.9])
    expected = np.quantile(still, levels)
    assert remaining_seconds(curve, levels, elapsed)[0] == pytest.approx(expected, rel=0.05)
