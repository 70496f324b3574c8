"""Run logs of known kinds, for what real logs at hand do not show: frames of the run contract."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EPOCH = pd.Timestamp("2026-01-05", tz="UTC")
JOBS, RUNS = 20, 300

Hours = NDArray[np.float64]
Logs = Callable[[np.random.Generator, float, Hours], NDArray[np.float64]]


def _noise(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    return sd * rng.standard_normal(hours.size)


def _bimodal(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    log_ratio: NDArray[np.float64] = np.where(rng.random(hours.size) < 0.25, np.log(4.0), 0.0)
    return _noise(rng, 0.3 * sd, hours) + log_ratio


def _weekly(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    return _noise(rng, 0.4 * sd, hours) - (hours // 24 % 7 >= 5)


def _daily(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    return _noise(rng, 0.4 * sd, hours) + 0.5 * np.sin(hours / 24 * 2 * np.pi)


def _busy_week(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    return _weekly(rng, sd, hours) + 0.5 * np.sin(hours / 24 * 2 * np.pi)


def _growing(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    return _noise(rng, 0.5 * sd, hours) + rng.uniform(0.5, 2.0) * hours / float(hours.max())


def _shifts(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    steps = np.zeros(hours.size)
    steps[rng.integers(20, hours.size, 3)] = rng.normal(0.0, 0.7, 3)
    return _noise(rng, 0.4 * sd, hours) + np.cumsum(steps)


def _sessions(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    session = np.cumsum(rng.random(hours.size) < 0.1)
    return _noise(rng, 0.3 * sd, hours) + rng.normal(0.0, 1.2, hours.size)[session]


def _heavy(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    return sd * rng.standard_t(2, hours.size)


def _outliers(rng: np.random.Generator, sd: float, hours: Hours) -> NDArray[np.float64]:
    rare = rng.random(hours.size) < 0.03
    return _noise(rng, 0.3 * sd, hours) + rare * rng.exponential(1.5, hours.size)


def _log(
    name: str,
    logs: Logs,
    *,
    runs: int = RUNS,
    gap_hours: float = 24.0,
    pauses: bool = False,
    rounded: bool = False,
    constant: bool = False,
) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frames = []
    for job in range(JOBS):
        number = np.arange(runs)
        hours = rng.uniform(0, 24) + gap_hours * (number + rng.uniform(0.0, 0.2, runs))
        hours = hours + pauses * 720.0 * (number // 60)
        median = np.exp(rng.uniform(np.log(20.0), np.log(5000.0)))
        sd = np.exp(rng.uniform(np.log(0.05), np.log(0.6)))
        seconds = median * np.exp(logs(rng, 0.0 if constant else sd, hours))
        if rounded:
            seconds = np.maximum(np.round(seconds / 20.0), 1.0)
        frames.append(
            pd.DataFrame(
                {
                    "job_id": f"{name}/{job:02d}",
                    "run_id": number.astype(str),
                    "start_time": EPOCH + pd.to_timedelta(hours, unit="h"),
                    "duration_seconds": seconds,
                    "status": "SUCCEEDED",
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def kinds() -> dict[str, pd.DataFrame]:
    """Every kind by name: 20 jobs of 300 runs each, and of six weeks where they run often."""
    return {
        "stationary": _log("stationary", _noise),
        "hourly": _log("hourly", _noise, gap_hours=1.0),
        "bimodal": _log("bimodal", _bimodal),
        "weekly": _log("weekly", _weekly),
        "daily": _log("daily", _daily, gap_hours=3.0),
        "hourly_week": _log("hourly_week", _busy_week, runs=1_000, gap_hours=1.0),
        "half_hourly_week": _log("half_hourly_week", _busy_week, runs=2_000, gap_hours=0.5),
        "growing": _log("growing", _growing),
        "shifts": _log("shifts", _shifts),
        "sessions": _log("sessions", _sessions, gap_hours=2.0),
        "pauses": _log("pauses", _noise, pauses=True),
        "rounded": _log("rounded", _noise, rounded=True),
        "heavy": _log("heavy", _heavy),
        "outliers": _log("outliers", _outliers),
        "constant": _log("constant", _noise, constant=True),
    }
