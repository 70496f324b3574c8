"""What a baseline does over time: false alarms, incidents, sustained changes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimizer.baselines import latest, replay
from optimizer.config import BaselineConfig
from tests.strategies.runs import lognormal_runs, one_job

JOBS, RUNS = 400, 200

Effect = Callable[[Any], pd.Series]
"""Of the times at which runs start (Series.dt), in log units."""


@pytest.fixture(scope="module")
def stationary():
    runs = lognormal_runs(JOBS, RUNS, seed=11)
    return runs, replay(runs)


def flagged(runs: pd.DataFrame) -> list[bool]:
    return replay(runs)["is_anomaly"].tolist()


def test_false_alarms_are_as_promised(stationary) -> None:
    """40,000 runs with a hundred before them at one per thousand: 40 expected, sd 6; and 400 at one per hundred."""
    _, out = stationary
    is_known = np.tile(np.arange(RUNS) >= 100, JOBS)
    # A little less, for the new level with which any run may come.
    assert 0.0004 < out["is_anomaly"][is_known].mean() < 0.0014
    assert (out["p_value"][is_known] <= 0.01).mean() == pytest.approx(0.01, abs=0.002)
    assert (out["p_value_short"][is_known] <= 0.01).mean() == pytest.approx(0.01, abs=0.002)
    # With few runs before it, a run is judged mildly.
    assert out["is_anomaly"][~is_known].mean() < 0.001
    # The other detector has its own budget: about one declared change in a thousand runs.
    assert out["shift"].mean() < 0.001


def test_a_doubling_is_found_and_a_level_change_is_one_event(stationary) -> None:
    runs, _ = stationary
    number = np.tile(np.arange(RUNS), JOBS)
    slow = runs.assign(
        duration_seconds=runs["duration_seconds"] * np.where(number >= 120, 1.5, 1.0)
    )
    out = replay(slow)
    shift = out["shift"].to_numpy().reshape(JOBS, RUNS)
    runs_until_shift = shift[:, 120:].argmax(axis=1) + 1
    # In a few jobs the noise before it goes the same way, and the level creeps up.
    assert shift[:, 120:].any(axis=1).mean() > 0.95
    assert np.median(runs_until_shift) <= 4
    # Once found, the new level is the baseline: changes and alarms go back to their budgets.
    assert shift[:, 150:].mean() < 0.002
    assert out["is_anomaly"].to_numpy().reshape(JOBS, RUNS)[:, 150:].mean() < 0.002
    center = out["center"].to_numpy().reshape(JOBS, RUNS)
    assert np.nanmedian(center[:, -1] / center[:, 119]) == pytest.approx(1.5, rel=0.05)
    begun = slow["start_time"][number == 120].reset_index(drop=True)
    regime = out["regime_start"][number == 150].reset_index(drop=True)
    assert ((regime - begun).abs() / np.timedelta64(1, "D")).median() <= 2


def test_one_incident_is_an_anomaly_and_no_change() -> None:
    usual = list(lognormal_runs(1, 81, sd_log=0.1, seed=3)["duration_seconds"])
    usual[40] = 1e5
    out = replay(one_job(usual))
    assert out.index[out["is_anomaly"]].tolist() == [40]
    assert not out["shift"].any()
    # However large, it counts for a little.
    assert out["center"].iloc[41] == pytest.approx(out["center"].iloc[40], rel=0.05)


def test_past_incidents_do_not_poison() -> None:
    """Two incidents do not hide a third, and one that is marked leaves no trace at all."""
    seconds = lognormal_runs(1, 101, sd_log=0.05, seed=4)["duration_seconds"].to_numpy()
    seconds[[30, 60]] *= 20.0
    seconds[100] *= 5.0
    runs = one_job(list(seconds))
    assert replay(runs)["is_anomaly"].iloc[100]
    marked = replay(runs.assign(is_incident=runs.index.isin([30, 60])))
    without = replay(runs.drop([30, 60]).reset_index(drop=True))
    assert marked["p_value"].iloc[100] == without["p_value"].iloc[98]


def among_incidents(runs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One run in fifty takes three times as long, and one in a hundred three tenths of its time."""
    longer = np.random.default_rng(seed).choice([3.0, 0.3, 1.0], len(runs), p=[0.02, 0.01, 0.97])
    return runs.assign(duration_seconds=runs["duration_seconds"] * longer)


def test_incidents_that_nobody_has_marked_hide_no_later_one() -> None:
    """Of the last runs of 60 jobs, each twice as long as usual, most are found still; before it was none."""
    runs = lognormal_runs(60, 300, sd_log=0.12, seed=13)
    is_last = np.tile(np.arange(300) == 299, 60)
    doubled = runs["duration_seconds"] * np.where(is_last, 2.0, 1.0)
    clean = replay(runs.assign(duration_seconds=doubled))["is_anomaly"][is_last].mean()
    history = among_incidents(runs, 14)["duration_seconds"].where(~is_last, doubled)
    poisoned = replay(runs.assign(duration_seconds=history))
    assert clean > 0.9
    assert poisoned["is_anomaly"][is_last].mean() > clean - 0.25


def test_what_a_tenth_of_the_runs_does_becomes_usual() -> None:
    """A mode of a tenth of the runs, x3: after 200 runs one in ten of those is flagged at most, at first any."""
    runs = lognormal_runs(60, 400, sd_log=0.1, seed=15)
    is_long = np.random.default_rng(16).random(len(runs)) < 0.1
    slow = runs["duration_seconds"] * np.where(is_long, 3.0, 1.0)
    out = replay(runs.assign(duration_seconds=slow))
    number = np.tile(np.arange(400), 60)
    assert out["is_anomaly"][is_long & (number >= 200)].mean() < 0.1


def test_a_heavy_tail_is_not_flagged_for_ever() -> None:
    """Student's t with three degrees of freedom: 12,000 runs at one per thousand, among which no incident is seen."""
    runs = lognormal_runs(60, 400, sd_log=0.0, seed=17)
    noise = 0.2 * np.random.default_rng(18).standard_t(3, len(runs))
    out = replay(runs.assign(duration_seconds=runs["duration_seconds"] * np.exp(noise)))
    number = np.tile(np.arange(400), 60)
    assert out["is_anomaly"][number >= 200].mean() < 0.0025


def test_the_tested_run_is_not_in_its_own_baseline() -> None:
    usual = [100.0, 101.0, 99.0, 102.0, 98.0, 100.5, 99.5, 101.5, 98.5]
    calm, wild = replay(one_job([*usual, 100.0])), replay(one_job([*usual, 1e6]))
    for column in ("center", "scale"):
        assert calm[column].iloc[-1] == wild[column].iloc[-1]


def test_a_constant_job_is_degenerate_and_still_watched() -> None:
    out = replay(one_job([60.0] * 20 + [120.0]))
    assert out["status"].iloc[-1] == "degenerate"
    assert out["scale"].iloc[-1] == pytest.approx(BaselineConfig().min_scale_log, rel=0.25)
    assert out["is_anomaly"].iloc[-1]


def test_a_strangely_short_run_is_flagged_as_that() -> None:
    usual = lognormal_runs(1, 60, sd_log=0.1, seed=5)["duration_seconds"]
    last = replay(one_job([*usual, 2.0])).iloc[-1]
    assert last["robust_z"] < -10
    assert last["p_value"] > 0.999
    assert not last["is_anomaly"]
    assert last["p_value_short"] < 1e-4
    assert last["is_short"]


def test_statuses_score_as_the_table_says() -> None:
    runs = one_job([100.0 * 1.1 ** (k % 5 - 2) for k in range(40)] + [1e5] * 4)
    runs.loc[40:, "status"] = ["TIMEOUT", "CANCELLED", "FAILED", "SKIPPED"]
    out = replay(runs)
    assert out["status"].iloc[40:].tolist() == ["ok", *["not_assessed"] * 3]
    assert out["is_anomaly"].iloc[40:].tolist() == [True, False, False, False]


def test_latest_is_the_end_of_the_replay() -> None:
    runs = lognormal_runs(5, 40, seed=6)
    rows, out = latest(runs), replay(runs)
    last = out.groupby(runs["job_id"]).tail(1)
    np.testing.assert_array_equal(rows["last_robust_z"], last["robust_z"])
    np.testing.assert_array_equal(rows["last_p_value"], last["p_value"])
    assert rows["last_run_id"].tolist() == runs.groupby("job_id")["run_id"].last().tolist()
    # Its center is what one more run would meet.
    more = runs.groupby("job_id").tail(1)
    probe = more.assign(start_time=more["start_time"].max() + np.timedelta64(7, "D"), run_id="z")
    both = replay(pd.concat([runs, probe], ignore_index=True)).tail(5)
    np.testing.assert_array_equal(rows["center_seconds"], both["center"])
    np.testing.assert_array_equal(rows["scale_log"], both["scale"])
    for column in ("usual_low", "usual_high"):
        np.testing.assert_array_equal(rows[f"{column}_seconds"], both[column])


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0, float("nan")])
def test_alpha_is_a_probability(alpha: float) -> None:
    for method in (replay, latest):
        with pytest.raises(ValueError, match=r"alpha must be in \(0, 1\)"):
            method(one_job([1.0]), alpha=alpha)


def with_rhythm(effect: Effect, *, gap_hours: float, jobs: int = 40) -> pd.DataFrame:
    """Jobs of 400 runs whose log durations have this effect of the time they start."""
    runs = lognormal_runs(jobs, 400, sd_log=0.15, seed=21, gap_hours=gap_hours)
    # Jobs begin on other days and, where they run once a day, at other hours.
    days = pd.to_timedelta(
        pd.factorize(runs["job_id"])[0] * (13.25 if gap_hours == 24.0 else 13.0), unit="D"
    )
    start = runs["start_time"] + days
    logs = np.log(runs["duration_seconds"]) + effect(start.dt)
    return runs.assign(start_time=start, duration_seconds=np.exp(logs))


RHYTHMS: dict[str, Effect] = {
    "weekends are slower": lambda time: np.log(2.0) * (time.dayofweek >= 5),
    "weekends are faster": lambda time: -1.0 * (time.dayofweek >= 5),
    "Mondays are slower": lambda time: 0.8 * (time.dayofweek == 0),
    "month ends take four times as long": lambda time: np.log(4.0) * time.is_month_end,
    "firsts of the month take three times as long": lambda time: np.log(3.0) * time.is_month_start,
    "office hours are slower": lambda time: (
        np.log(2.0) * ((time.dayofweek < 5) & (time.hour >= 8) & (time.hour < 18))
    ),
    "each day turns": lambda time: 0.5 * np.sin(time.hour / 24.0 * 2.0 * np.pi),
}


@pytest.mark.parametrize("gap_hours", [24.0, 1.0])
@pytest.mark.parametrize("name", RHYTHMS)
def test_a_rhythm_raises_no_alarm_and_hides_none(name: str, gap_hours: float) -> None:
    """12,000 runs at one per thousand: 12 expected, and less than 30 in all but one of 100,000 such tests."""
    runs = with_rhythm(RHYTHMS[name], gap_hours=gap_hours)
    number = np.tile(np.arange(400), 40)
    out = replay(runs)
    # An hourly job meets its first Monday, or its second, with all its other days behind it.
    most = 0.004 if name.startswith("Mondays") and gap_hours == 1.0 else 0.0025
    assert out["is_anomaly"][number >= 100].mean() < most
    assert out["shift"][number >= 100].mean() < 0.003
    # One run of each job takes three times as long.
    at = np.arange(40) * 400 + np.random.default_rng(1).integers(150, 400, 40)
    runs.loc[at, "duration_seconds"] *= 3.0
    assert replay(runs)["is_anomaly"].iloc[at].mean() > 0.8


def test_slow_growth_is_followed() -> None:
    runs = lognormal_runs(40, 400, sd_log=0.15, seed=8)
    grown = runs["duration_seconds"] * np.exp(0.002 * np.tile(np.arange(400), 40))
    out = replay(runs.assign(duration_seconds=grown))
    number = np.tile(np.arange(400), 40)
    assert out["is_anomaly"][number >= 100].mean() < 0.002
    assert out["shift"][number >= 100].mean() < 0.0025


def test_more_input_explains_a_slow_run() -> None:
    rng = np.random.default_rng(2)
    volume = 1e9 * np.exp(0.4 * rng.standard_normal(120))
    volume[100] = 8e9
    seconds = 300.0 * (volume / 1e9) ** 0.8 * np.exp(0.05 * rng.standard_normal(120))
    runs = one_job(list(seconds))
    assert flagged(runs)[100]
    known = runs.assign(input_bytes=volume)
    assert not flagged(known)[100]
    # As slow with no more input than usual is another matter.
    assert flagged(known.assign(input_bytes=known["input_bytes"].where(known.index != 100, 1e9)))[
        100
    ]


def test_marks_and_calendars_decide_what_is_learned() -> None:
    usual = lognormal_runs(1, 80, sd_log=0.1, seed=9)["duration_seconds"]
    runs = one_job([*usual[:60], 3000.0, *usual[60:]])
    is_it = runs.index == 60
    assert flagged(runs)[60]
    assert not any(flagged(runs.assign(is_expected=is_it)))
    left_out = replay(runs.assign(is_left_out=is_it))
    assert left_out["status"].iloc[60] == "not_assessed"
    assert (
        left_out["p_value"].iloc[70] == replay(runs.assign(is_incident=is_it))["p_value"].iloc[70]
    )


def test_hours_and_weekends_are_those_of_the_jobs_own_clock() -> None:
    """A weekend of Auckland begins on Friday noon UTC."""
    runs = lognormal_runs(30, 300, sd_log=0.1, seed=12, gap_hours=24.0)
    zone = "Pacific/Auckland"
    start = runs["start_time"] + pd.Timedelta(hours=13)
    slow = np.where(start.dt.tz_convert(zone).dt.dayofweek >= 5, 2.0, 1.0)
    runs = runs.assign(start_time=start, duration_seconds=runs["duration_seconds"] * slow)
    at = np.tile(np.arange(300) >= 60, 30)
    assert replay(runs.assign(timezone=zone))["is_anomaly"][at].mean() < 0.0025
    holiday = replay(runs.assign(timezone=zone, is_holiday=slow > 1.0))
    assert holiday["is_anomaly"][at].mean() < 0.0025
