"""Every statistic that answers a frame of runs, registered once; each law is asked of each."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from optimizer.baselines import latest, replay
from optimizer.forecast import backtest, fit, quality, seven_day_rule, states_with_quality

LEVELS = (0.05, 0.5, 0.9, 0.99)
AS_OF = pd.Timestamp("2026-04-20", tz="UTC")


@dataclass(frozen=True)
class Method:
    """`call` takes runs; `by_job` says whether a row is a job or a run.

    `in_seconds` are columns that are multiplied by c when durations are, `without_unit` those that
    stay.
    """

    name: str
    call: Callable[[pd.DataFrame], pd.DataFrame]
    by_job: bool
    in_seconds: tuple[object, ...] = ()
    without_unit: tuple[object, ...] = ()


def _scores(runs: pd.DataFrame) -> pd.DataFrame:
    return quality(backtest(runs, LEVELS, limits=600.0), runs, limits=600.0)


METHODS = (
    Method(
        "replay",
        replay,
        by_job=False,
        in_seconds=("center", "usual_low", "usual_high"),
        without_unit=(
            "scale", "robust_z", "p_value", "p_value_short", "shift_ratio", "window_runs",
        ),
    ),
    Method(
        "latest",
        latest,
        by_job=True,
        in_seconds=("center_seconds", "usual_low_seconds", "usual_high_seconds"),
        without_unit=("scale_log", "last_robust_z", "last_p_value", "last_p_value_short", "runs"),
    ),
    Method(
        "backtest_start", lambda r: backtest(r, LEVELS, limits=600.0), by_job=False,
        in_seconds=LEVELS,
    ),
    Method(
        "backtest_nightly",
        lambda r: backtest(r, LEVELS, limits=600.0, origin="nightly", horizon_days=1),
        by_job=False,
        in_seconds=LEVELS,
    ),
    Method("seven_day_rule", lambda r: seven_day_rule(r, LEVELS), by_job=False, in_seconds=LEVELS),
    Method(
        "fit",
        lambda r: fit(r).states,
        by_job=True,
        in_seconds=("quantile_seconds",),
        without_unit=("runs", "effective_runs", "failure_rate"),
    ),
    Method("fit_as_of", lambda r: fit(r, as_of=AS_OF).states, by_job=True),
    Method("quality", _scores, by_job=True),
    Method(
        "states_with_quality",
        lambda r: states_with_quality(r, LEVELS, as_of=AS_OF, limits=600.0),
        by_job=True,
    ),
)  # fmt: skip
