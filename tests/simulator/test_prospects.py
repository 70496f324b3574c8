"""What the truth says beforehand is what comes: misses come as often as they were likely."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simulator import SimulatorConfig
from simulator.account import simulated_history
from simulator.clock import DAY_US, HOUR_US, NEVER_US
from simulator.fleet.schedules import Due
from simulator.history import History
from simulator.runs.events import EventKind, Events
from simulator.runs.outlook import known_events, lasting_incidents
from simulator.truth import events, truth
from simulator.truth.prospects import prospects
from tests.simulator.conftest import Account

RUN = ["workspace_id", "run_id"]
BINS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


@pytest.fixture(scope="module")
def history() -> History:
    """Every quirk there is, looked at when all has come."""
    settings = SimulatorConfig(
        end=datetime(2026, 11, 1, tzinfo=UTC), jobs=400, days=70, seed=21, reserve_days=0
    )
    return simulated_history(settings)


@pytest.fixture(scope="module")
def judged(history: History) -> pd.DataFrame:
    """Runs of which it is decided whether they kept their service level, with what was likely before; but for
    those that an event touches which began between midnight and when they were due."""
    everyone = np.ones(history.runs.size, dtype=bool)
    likely = prospects(history, everyone).to_pandas()
    runs = truth.runs(history, history.runs.start_us).to_pandas()
    runs = likely.merge(runs, on=RUN)
    begun = events.events(history, everyone).to_pandas()
    begun = begun[begun["run_id"].isna() & (begun["kind"] != "MONTH_END")]
    begun["series_key"] = begun["workspace_id"] + "/" + begun["job_id"].astype("str")
    both = runs[[*RUN, "series_key", "asked_at", "due_at"]].merge(
        begun[["series_key", "from_time", "until_time"]], on="series_key"
    )
    lasts = both["until_time"].isna() | (both["until_time"] > both["due_at"])
    is_new = (both["from_time"] > both["asked_at"]) & (both["from_time"] <= both["due_at"])
    touched = pd.MultiIndex.from_frame(both[lasts & is_new][RUN])
    runs = runs[~pd.MultiIndex.from_frame(runs[RUN]).isin(touched)]
    # What was due in the last days is decided the sooner the shorter it took.
    in_time = runs["due_at"] < runs["due_at"].max() - timedelta(days=2)
    return runs[runs["sla_met"].notna() & in_time].sort_values("due_at")


@pytest.mark.parametrize("which", ["first", "last"])
def test_misses_come_as_often_as_they_were_likely(judged: pd.DataFrame, which: str) -> None:
    """Of each job one run a day, as runs of a day share its input."""
    of_day = judged.groupby(["series_key", "asked_at"], as_index=False)
    runs = of_day.nth(0 if which == "first" else -1)
    place = pd.cut(runs["miss_probability"], BINS, include_lowest=True)
    told = 0
    for _, some in runs.groupby(place, observed=True):
        missed = int(some["sla_met"].eq(False).sum())
        test = stats.binomtest(missed, len(some), some["miss_probability"].mean())
        assert test.pvalue > 1e-3, (len(some), missed, some["miss_probability"].mean())
        told += len(some) > 100
    assert told >= 9
    assert (runs["miss_probability"] >= 0.5).sum() > 300


def test_a_run_that_lasts_until_it_is_likely_late_is_late_every_other_time(
    history: History, judged: pd.DataFrame
) -> None:
    attempts = truth.attempts(history).to_pandas().query("attempt == 0")
    runs = judged[judged["sla_kind"] == "limit"].merge(
        attempts[[*RUN, "duration_seconds", "status"]], on=RUN
    )
    jobs = truth.jobs(history).to_pandas()[["series_key", "sla_limit_seconds"]]
    runs = runs.merge(jobs, on="series_key")
    runs = runs[(runs["likely_after_seconds"] > 0) & (runs["status"] == "SUCCEEDED")]
    runs = runs[runs["miss_probability"].between(0.1, 0.5)]
    runs = runs.groupby(["series_key", "asked_at"], as_index=False).nth(0)
    still = runs[runs["duration_seconds"] > runs["likely_after_seconds"]]
    late = int(still["sla_met"].eq(False).sum())
    assert len(still) > 200
    # Of 512 points a quantile is off by one at most, and half of few late ones by as much.
    assert abs(late / len(still) - 0.5) < 0.06 + 2 * np.sqrt(0.25 / len(still))


def test_what_begins_after_midnight_is_not_known() -> None:
    """A job that is due every three hours; its level shifts on the second day, an incident spans the third midnight."""
    due_us = DAY_US * 20_000 + np.arange(32, dtype=np.int64) * 3 * HOUR_US
    job = np.zeros(32, dtype=np.int64)
    due = Due(job=job, slot=np.arange(32), due_us=due_us, fired_by=job - 1)
    shift_us, incident_us = due_us[11] + 1, due_us[22]
    planted = Events(
        kind=np.array([EventKind.LEVEL_SHIFT, EventKind.INCIDENT]),
        job=np.zeros(2, dtype=np.int64),
        from_us=np.array([shift_us, incident_us]),
        until_us=np.array([NEVER_US, incident_us + 8 * HOUR_US]),
        level=np.array([0.5, 0.9]),
        slope=np.zeros(2),
    )
    assert np.allclose(known_events(planted, due), np.where(np.arange(32) < 16, 0.0, 0.5))
    level, chance = lasting_incidents(planted, due)
    assert np.array_equal(np.flatnonzero(level), np.arange(24, 32))
    # Six hours old at midnight, it lasts 7, 8, 9 or 10 hours: one of these four is longer than nine.
    assert np.allclose(chance[24:], [1.0, 0.25, 0, 0, 0, 0, 0, 0])


def test_the_end_of_a_run_is_known_with_the_delivery_that_tells_it(unpunctual: Account) -> None:
    parts = []
    for file in unpunctual.files("lakeflow/job_run_timeline"):
        rows = pd.read_parquet(file, columns=[*RUN, "period_end_time", "result_state"])
        parts.append(rows[rows["result_state"].notna()].assign(day=file.stem))
    ends = pd.concat(parts)
    first = ends.groupby([*RUN, "period_end_time"])["day"].min()
    told = first.groupby(level=RUN).max()
    runs = unpunctual.truth("runs").set_index(RUN)
    known = runs["known_at"].dropna()
    assert len(known) > 1000
    assert (runs["known_at"].isna() == (runs["final_status"] == "IN_FLIGHT")).all()
    assert (known.dt.strftime("%Y-%m-%d") == told.reindex(known.index)).all()
    assert (known >= runs["ended_at"].reindex(known.index)).all()
