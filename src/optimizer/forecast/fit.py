"""The distribution of every job's next runs, as states that can be stored, updated and predicted from.

`fit` gives each job a curve (see `optimizer.forecast.curves`), a memory from which runs at other times
are forecast (`optimizer.forecast.walk.job_state`) and the latest runs behind both. A state row holds
everything that prediction needs; the runs behind it are needed only to update.

Decided here: `fit(a)` followed by `update(b)` is the same as `fit(a and b)`, to the last digit,
because a state is always recomputed from its runs; a run delivered again (same job, run id and
start) replaces the earlier one; a job never seen is not_assessed, not guessed. The curve of a
state is that of a run that starts at `as_of`, or where none is given at the time of the latest start;
a state without a memory predicts its curve whenever the run starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.config import ForecastConfig
from optimizer.forecast.backtest import Origin, origins_us
from optimizer.forecast.curves import TOO_FEW_RUNS, Curves, blocks, curves_of_jobs
from optimizer.forecast.distribution import Distribution
from optimizer.forecast.walk.arrays import WalkSettings
from optimizer.forecast.walk.job_state import JobStates
from optimizer.forecast.walk.predict import curves_at
from optimizer.panel import LEFT_OUT, NEVER_US, RunPanel, utc_microseconds
from optimizer.priors import SHIPPED, FleetPriors
from optimizer.quantile import LEVELS, seconds_of
from optimizer.result import Status, require_one_row_per_job, status_array

__all__ = ["STATE_COLUMNS", "Forecaster", "fit", "last_starts", "states_of"]

STATE_COLUMNS = (
    "job_id",
    "status",
    "reason",
    "runs",
    "effective_runs",
    "last_start_time",
    "failure_rate",
    "quantile_seconds",
    "memory",
)
RUN_COLUMNS = ["job_id", "run_id", "start_time", "duration_seconds", "status"]


@dataclass(frozen=True, slots=True, eq=False)
class Forecaster:
    """States of many jobs. Build with `fit` or `from_states`; nothing changes it."""

    states: pd.DataFrame
    """One row per job, sorted by job id: STATE_COLUMNS; quantile_seconds is a list of 35 floats at
    `optimizer.quantile.LEVELS`, memory a dict (`optimizer.forecast.walk.job_state`), None where too few
    runs."""
    runs: pd.DataFrame | None
    """The runs behind the states; None for a forecaster rebuilt from states alone."""
    config: ForecastConfig
    origin: Origin
    """The origin of the forecasts that it learned from: see `fit`."""
    priors: FleetPriors = SHIPPED

    @classmethod
    def from_states(
        cls,
        states: pd.DataFrame,
        *,
        runs: pd.DataFrame | None = None,
        config: ForecastConfig | None = None,
        origin: Origin = "start",
        priors: FleetPriors = SHIPPED,
    ) -> "Forecaster":
        """From a stored `states` frame; raises ValueError if columns are missing or a job repeats.

        Give `config` where it was given to `fit`; and `runs` (as of `Forecaster.runs`), `origin` and `priors`
        as well to be able to update.
        """
        if "memory" not in states.columns:  # Those of an earlier release.
            states = states.assign(memory=None)
        missing = [name for name in STATE_COLUMNS if name not in states.columns]
        if missing:
            raise ValueError(f"states lack the column(s) {', '.join(missing)}")
        if states["job_id"].duplicated().any():
            raise ValueError("states hold a job more than once; keep one row per job_id")
        return cls(states.reset_index(drop=True), runs, config or ForecastConfig(), origin, priors)

    def predict(self, upcoming: pd.DataFrame) -> Distribution:
        """The distribution of a run of each row's `job_id`, in the order of `upcoming`.

        With a column `start_time` (UTC), that of a run that starts then; of one that starts at no
        known time where it is missing. Without the column, that of the state's curve. Raises
        ValueError without job ids, or for times without a zone.
        """
        if "job_id" not in upcoming.columns:
            raise ValueError("upcoming lacks the column job_id")
        row = pd.Index(self.states["job_id"]).get_indexer(pd.Index(upcoming["job_id"]))
        has_state = row >= 0
        log_quantiles = np.full((len(upcoming), LEVELS.size), np.nan)
        status = np.full(len(upcoming), Status.NOT_ASSESSED.value, dtype=object)
        log_quantiles[has_state] = _log_curves(self.states["quantile_seconds"])[row[has_state]]
        status[has_state] = self.states["status"].to_numpy(dtype=object)[row[has_state]]
        if "start_time" in upcoming.columns:
            start_us, is_timed = utc_microseconds(upcoming["start_time"], "upcoming.start_time")
            forecast = np.flatnonzero(~np.isnan(log_quantiles[:, 0]))
            # Only the memories of the jobs in question are unpacked, and none of an earlier release.
            state_rows, job = np.unique(row[forecast], return_inverse=True)
            memories = JobStates.from_column(
                [
                    memory if isinstance(memory, dict) and "trust" in memory else None
                    for memory in self.states["memory"].iloc[state_rows]
                ]
            )
            curves, _ = curves_at(
                memories,
                job,
                np.where(is_timed, start_us, np.nan)[forecast],
                WalkSettings.of(self.config),
            )
            has_memory = memories.size[job] > 0
            log_quantiles[forecast[has_memory]] = curves[has_memory]
        return Distribution(log_quantiles, status)

    def update(self, new_runs: pd.DataFrame, *, as_of: pd.Timestamp | None = None) -> "Forecaster":
        """A new forecaster that has also seen `new_runs`.

        Raises ValueError for a malformed frame or if this forecaster was rebuilt without its runs.
        """
        if self.runs is None:
            raise ValueError(
                "these states came without their runs and cannot be updated: fit again, or pass "
                "runs= to from_states"
            )
        both = new_runs[RUN_COLUMNS] if self.runs.empty else self.runs
        if not self.runs.empty and len(new_runs):
            both = pd.concat([self.runs, new_runs[RUN_COLUMNS]], ignore_index=True)
            both = both.drop_duplicates(["job_id", "run_id", "start_time"], keep="last")
        return fit(both, as_of=as_of, origin=self.origin, config=self.config, priors=self.priors)


def fit(
    runs: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
    origin: Origin = "start",
    config: ForecastConfig | None = None,
    priors: FleetPriors = SHIPPED,
) -> Forecaster:
    """Fit every job in `runs`, using only runs that ended before `as_of` (default: all ended).

    Which earlier runs tell most, and how far levels are off, is learned from what had been forecast
    for each run at its `origin` (`optimizer.forecast.backtest`): use "start" to forecast runs that are
    about to start, "nightly" to forecast those of the days to come.

    `priors` are what the jobs of an account have taught of the turn of the month. Raises ValueError for a
    malformed frame, an unknown origin or a naive `as_of`.
    """
    config = config or ForecastConfig()
    panel = RunPanel.from_frame(runs)
    at_us = origins_us(panel.start_us, origin, 0)
    last_origin_us = NEVER_US
    if as_of is not None:
        last_origin_us = int(utc_microseconds(pd.Series([as_of]), "as_of")[0][0])
    last_start = last_starts(panel, last_origin_us)
    # Without a last origin the next run is forecast for the time of the latest one.
    next_start_us = (
        last_start.as_unit("us").to_numpy(dtype="datetime64[us]").astype(np.int64)
        if as_of is None
        else np.full(panel.job_ids.size, last_origin_us)
    ).astype(np.float64)
    next_runs = Curves.empty(panel.job_ids.size)
    memory: list[dict[str, Any] | None] = []
    for jobs in blocks(panel.offsets):
        _, curves, states = curves_of_jobs(
            panel, at_us, last_origin_us, next_start_us, config, jobs, priors=priors
        )
        next_runs.put(jobs, curves)
        memory += states.to_column()
    return Forecaster(
        states_of(panel, next_runs, memory, last_start, config),
        _usable_runs(runs, panel, last_origin_us),
        config,
        origin,
        priors,
    )


def states_of(
    panel: RunPanel,
    next_runs: Curves,
    memory: Sequence[dict[str, Any] | None],
    last_start: pd.DatetimeIndex,
    config: ForecastConfig,
) -> pd.DataFrame:
    """STATE_COLUMNS, from the forecast of the next run of each job of `panel` and its memory."""
    seconds = seconds_of(next_runs.log_quantiles)
    answered = next_runs.code != TOO_FEW_RUNS
    states = pd.DataFrame(
        {
            "job_id": panel.job_ids,
            "status": status_array(next_runs.code),
            "reason": _reasons(next_runs.runs, answered, config.min_runs),
            "runs": next_runs.runs,
            "effective_runs": next_runs.effective_runs,
            "last_start_time": last_start,
            "failure_rate": next_runs.failure_rate,
            "quantile_seconds": pd.Series(
                [row if ok else None for row, ok in zip(seconds.tolist(), answered, strict=True)],
                dtype=object,
            ),
            "memory": pd.Series(
                [state if ok else None for state, ok in zip(memory, answered, strict=True)],
                dtype=object,
            ),
        }
    )
    return require_one_row_per_job(states, list(panel.job_ids))


def _ended_before(panel: RunPanel, origin_us: int) -> NDArray[np.bool_]:
    """Which runs (R,) had ended before the origin."""
    return np.asarray((panel.end_us < origin_us) & (panel.outcome != LEFT_OUT))


def _usable_runs(runs: pd.DataFrame, panel: RunPanel, origin_us: int) -> pd.DataFrame:
    """The usable runs behind the states, plus one row for each job that has none."""
    is_usable = np.zeros(panel.rows, dtype=bool)
    is_usable[panel.row[_ended_before(panel, origin_us)]] = True
    job_ids = set(runs["job_id"].to_numpy()[is_usable])
    is_first = ~runs["job_id"].duplicated().to_numpy() & ~runs["job_id"].isin(job_ids).to_numpy()
    return runs.loc[is_usable | is_first, RUN_COLUMNS].reset_index(drop=True)


def last_starts(panel: RunPanel, origin_us: int) -> pd.DatetimeIndex:
    """The latest start of a run of each job that had ended before the origin, NaT for none; (J,)."""
    no_time_us = np.iinfo(np.int64).min
    start = np.where(_ended_before(panel, origin_us), panel.start_us, no_time_us)
    out = np.full(panel.job_ids.size, no_time_us, dtype=np.int64)
    has_runs = np.diff(panel.offsets) > 0
    if start.size:
        out[has_runs] = np.maximum.reduceat(start, panel.offsets[:-1][has_runs])
    return pd.DatetimeIndex(out.view("datetime64[us]"), tz="UTC")


def _reasons(
    runs: NDArray[np.int64], answered: NDArray[np.bool_], needed: int
) -> NDArray[np.object_]:
    """A sentence where a job has no forecast, None elsewhere."""
    out = np.full(runs.size, None, dtype=object)
    counts = runs[~answered].astype(str).astype(object)
    out[~answered] = counts + f" successful runs have ended; {needed} are needed"
    return out


def _log_curves(column: pd.Series) -> NDArray[np.float64]:
    """Lists of 35 seconds, or nothing, as log curves (J, 35)."""
    out = np.full((len(column), LEVELS.size), np.nan)
    present = column.notna().to_numpy(dtype=bool)
    if present.any():
        out[present] = np.log(np.array(column[present].tolist(), dtype=np.float64))
    return out
