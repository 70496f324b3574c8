"""Whether people are told before a run misses: by the night before it is due, and by the watcher while it runs.

Misses that count had a true probability of at least 50 %: by what was known at the midnight before the run was due
(truth.prospects), or, for the watcher, half an hour before the limit given that it still ran.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pyspark.sql import SparkSession

from benchmarks.quality.alerts_nights import DAY, Nights, Said
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.watch.risk import risks
from pipeline.watch.runs import LiveRun
from tests.e2e.truth import RUN, stored, told

LIKELY: Final = 0.5
_LOOK_EVERY: Final = timedelta(minutes=5)
_AHEAD: Final = timedelta(minutes=30)
_LEAST_LIMIT_SECONDS: Final = 3600
_USED_SHARE: Final = 0.8
"""Of its limit, from which a run is at risk whatever is forecast (docs/alerts.md)."""


def by_night(home: Path, account: Path, nights: Nights) -> dict[str, Any]:
    """Of likely misses, and of the nights of jobs with one, the share that people were told of before."""
    due = told(account, "prospects").merge(told(account, "runs"), on=RUN)
    night = nights.until.searchsorted(pd.DatetimeIndex(due["asked_at"]), side="right") - 1
    due["night"] = night
    # Of the last night's runs none has come.
    due = due[(night >= 0) & (night < nights.count) & due["sla_met"].eq(False)]
    likely = due[due["miss_probability"] >= LIKELY]
    said = Said(home, nights).by_night
    pairs = list(zip(likely["series_key"], likely["night"], strict=True))
    known = pd.DataFrame(
        {
            "at_once": [job in said[night][0] for job, night in pairs],
            "at_all": [job in said[night][1] for job, night in pairs],
        },
        index=pd.MultiIndex.from_tuples(pairs, names=["series_key", "night"]),
    )
    of_job_nights = known.groupby(level=[0, 1]).first()
    return {
        "misses": len(due),
        "likely_misses": len(likely),
        "told_at_once": float(known["at_once"].mean()),
        "told": float(known["at_all"].mean()),
        "job_nights": len(of_job_nights),
        "told_of_job_nights": float(of_job_nights["at_all"].mean()),
    }


def looked_at(
    spark: SparkSession, home: Path, account: Path, midnight: pd.Timestamp
) -> pd.DataFrame:
    """One row for each run that is due on the day after a night, and may take longer than an hour: what the
    watcher would have told with what that night has learned, a look every five minutes, until half an hour
    before the limit.

    `is_told`, `is_missed`, and `is_likely`: that it still ran then, and was in truth more likely to take too long
    than not.
    """
    runs = _long_runs(home, account, midnight)
    asked = [live for run in runs.itertuples() for live in _looks(run)]
    at_risk = set()
    if asked:
        lakehouse = DeltaFolder(home, spark)
        limits = dict(zip(runs["run_id"], runs["sla_limit_seconds"], strict=True))
        last = max(live.seen_at for live in asked)
        risk_of = risks(spark, lakehouse, asked, midnight.to_pydatetime(), last)
        for live in asked:
            run_id = live.run_id.split("@")[0]
            risk = risk_of.get((live.workspace_id, live.run_id))
            is_likely = risk is not None and (risk.p_miss or 0.0) >= LIKELY
            if is_likely or live.elapsed_seconds >= _USED_SHARE * limits[run_id]:
                at_risk.add((live.workspace_id, run_id))
    until = runs["sla_limit_seconds"] - _AHEAD.total_seconds()
    return pd.DataFrame(
        {
            "is_told": pd.MultiIndex.from_frame(runs[RUN]).isin(at_risk),
            "is_missed": ~runs["sla_met"].astype("boolean").fillna(value=True).astype(bool),
            "is_likely": (runs["lasted_seconds"] > until)
            & (runs["likely_after_seconds"].fillna(float("inf")) <= until),
        }
    )


def by_watcher(looks: pd.DataFrame) -> dict[str, Any]:
    """Of likely misses the share told half an hour ahead, and of runs that were told how many kept their SLA."""
    likely = looks[looks["is_missed"] & looks["is_likely"]]
    said = looks[looks["is_told"]]
    return {
        "runs": len(looks),
        "misses": int(looks["is_missed"].sum()),
        "likely_misses": len(likely),
        "told_half_an_hour_ahead": float(likely["is_told"].mean()) if len(likely) else None,
        "told_runs": len(said),
        "false_alarms": int((~said["is_missed"]).sum()),
    }


def _long_runs(home: Path, account: Path, midnight: pd.Timestamp) -> pd.DataFrame:
    """First attempts of runs that are due on the day, with the limit that the night knows."""
    due = told(account, "prospects")
    due = due[due["asked_at"] == midnight]
    jobs = stored(home, "gold.jobs")[["series_key", "sla_limit_seconds"]]
    first = told(account, "attempts").query("attempt == 0")[[*RUN, "started_at", "ended_at"]]
    runs = due.merge(told(account, "runs").drop(columns=["started_at", "ended_at"]), on=RUN)
    runs = runs.merge(first, on=RUN).merge(jobs, on="series_key")
    runs = runs[runs["sla_limit_seconds"] > _LEAST_LIMIT_SECONDS].reset_index(drop=True)
    # One that still runs has lasted until the next midnight, or longer.
    ended_at = runs["ended_at"].fillna(midnight + DAY)
    runs["lasted_seconds"] = (ended_at - runs["started_at"]).dt.total_seconds()
    return runs


def _looks(run: Any) -> Iterator[LiveRun]:
    """The run as each look sees it. A look is a run of its own here: one question for all of them."""
    limit = timedelta(seconds=run.sla_limit_seconds)
    lasted = timedelta(seconds=run.lasted_seconds)
    started_at = run.started_at.to_pydatetime()
    elapsed = _LOOK_EVERY
    while elapsed <= min(lasted, limit - _AHEAD):
        yield LiveRun(
            workspace_id=run.workspace_id,
            job_id=run.job_id,
            series_key=run.series_key,
            run_id=f"{run.run_id}@{elapsed.total_seconds():.0f}",
            attempt=0,
            started_at=started_at,
            attempt_started_at=started_at,
            ended_at=None,
            state="running",
            status="IN_FLIGHT",
            termination_code=None,
            queue_seconds=None,
            setup_seconds=None,
            execution_seconds=None,
            seen_at=started_at + elapsed,
        )
        elapsed += _LOOK_EVERY
