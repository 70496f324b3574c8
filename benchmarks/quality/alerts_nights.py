"""The nights of a home and what each decided; the runs and the troubles of jobs that each could know of first."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd
from deltalake import DeltaTable

from pipeline.alerts.incidents import UPSTREAM
from tests.e2e.truth import RUN, stored, told

DAY: Final = pd.Timedelta(days=1)
_BAD: Final = ("FAILED", "TIMEOUT")
_SUCCEEDED: Final = "SUCCEEDED"
_LIKELY: Final = "misses its SLA with a probability of"
"""What a line of a digest says of a run that is likely to miss."""


@dataclass(frozen=True, slots=True)
class Nights:
    """Nights after the first, which reads the history, each by the time that it speaks of.

    `until` is the midnight up to which it had been told; `decided` the incidents as each left them. Position 0
    is the first night.
    """

    times: pd.DatetimeIndex
    decided: tuple[pd.DataFrame, ...]

    @property
    def until(self) -> pd.DatetimeIndex:
        return self.times.ceil("D")

    @property
    def count(self) -> int:
        return len(self.times) - 1

    @property
    def weeks(self) -> float:
        return self.count / 7


def nights_of(home: Path) -> Nights:
    """By the run log, whether a night told anybody anything or not."""
    times = pd.DatetimeIndex(sorted(stored(home, "gold.night_steps")["as_of"].unique()))
    decided = {}
    table = DeltaTable(str(home / "ops" / "incidents"))
    for version in range(table.version() + 1):
        table.load_as_version(version)
        rows = table.to_pyarrow_table().to_pandas()
        if len(rows):
            decided[rows["as_of"].max()] = rows
    nothing = next(iter(decided.values())).iloc[:0]
    frames = []
    for time in times:
        # A night that changes no incident writes none.
        nothing = decided.get(time, nothing)
        frames.append(nothing)
    return Nights(times, tuple(frames))


def runs_of(home: Path, account: Path, nights: Nights) -> pd.DataFrame:
    """Runs whose end a night after the first could know of first, each with its `night`.

    `is_trouble`: it missed its SLA, or ended badly and nothing that the night knows has mended that since.
    """
    runs = stored(home, "gold.run_history")
    true = told(account, "runs")[[*RUN, "known_at"]]
    tiers = stored(home, "gold.jobs")[["series_key", "tier"]]
    runs = runs[runs["ended_at"].notna()].merge(true, on=RUN).merge(tiers, on="series_key")
    runs["night"] = nights.until.searchsorted(pd.DatetimeIndex(runs["known_at"]))
    is_bad = runs["status"].isin(_BAD)
    good = runs[runs["status"] == _SUCCEEDED].groupby(["series_key", "night"])["started_at"].max()
    keys = pd.MultiIndex.from_frame(runs[["series_key", "night"]])
    last_good = good.reindex(keys).set_axis(runs.index)
    is_mended = (last_good > runs["started_at"]).fillna(value=False)
    runs["is_bad"] = is_bad | (runs["sla_status"] == "MISSED")
    runs["is_trouble"] = (is_bad & ~is_mended) | (runs["sla_status"] == "MISSED")
    within = runs["night"].between(1, nights.count)
    return runs[within].reset_index(drop=True)


def episodes_of(runs: pd.DataFrame, account: Path) -> pd.DataFrame:
    """A job's nights of trouble in a row: job, tier, first night. One of a job that was fired by a job in trouble
    is a part of that one's."""
    bad = runs[runs["is_trouble"]]
    firings = told(account, "firings")
    fired_by = pd.Series(
        (firings["workspace_id"] + "/" + firings["upstream_job_id"]).to_numpy(),
        index=pd.MultiIndex.from_frame(firings[RUN]),
    )
    upstream = fired_by.reindex(pd.MultiIndex.from_frame(bad[RUN])).to_numpy()
    in_trouble = pd.MultiIndex.from_frame(bad[["series_key", "night"]])
    is_part = pd.MultiIndex.from_arrays([upstream, bad["night"]]).isin(in_trouble)
    own = (
        bad[~is_part].drop_duplicates(["series_key", "night"]).sort_values(["series_key", "night"])
    )
    goes_on = own.groupby("series_key")["night"].diff() == 1
    return own[~goes_on][["series_key", "tier", "night"]].reset_index(drop=True)


def is_known(episode: Any, nights: Nights) -> bool:
    """Whether people know by the episode's first night: of the job, of what it comes from, or of the platform."""
    incidents = nights.decided[episode.night]
    is_open = incidents["state"] == "open"
    told_of = set(incidents.loc[is_open, "incident_id"])
    for row in incidents.itertuples():
        of_job = {key for key in row.holding if key.endswith(f" {episode.series_key}")}
        of_told = {key for key in row.told if key.endswith(f" {episode.series_key}")}
        if row.state == "open" and (of_told or (of_job and row.cause.startswith("platform/"))):
            return True
        if of_job and row.held_by.removeprefix(UPSTREAM) in told_of:
            return True
    return False


class Said:
    """Who was told by when that a job is likely to miss: night by night, by the incidents and the digests."""

    def __init__(self, home: Path, nights: Nights) -> None:
        self._outbox = stored(home, "ops.outbox")
        self._nights = nights
        jobs = stored(home, "gold.jobs").dropna(subset="url")
        self._job_at = dict(zip(jobs["url"], jobs["series_key"], strict=True))

    @cached_property
    def by_night(self) -> tuple[tuple[set[str], set[str]], ...]:
        """Of each night the jobs of which people knew so: as a part of an open incident; that, or a digest's line
        of this night, or of an earlier one where it has held since."""
        known: set[str] = set()
        nights = []
        for time, incidents in zip(self._nights.times, self._nights.decided, strict=True):
            holding = _likely(incidents["holding"])
            at_once = _likely(incidents.loc[incidents["state"] == "open", "holding"])
            known = at_once | self._listed(time) | (known & holding)
            nights.append((at_once, known))
        return tuple(nights)

    def _listed(self, time: pd.Timestamp) -> set[str]:
        digests = self._outbox[(self._outbox["kind"] == "digest") & (self._outbox["as_of"] == time)]
        return {
            self._job_at[item["url"].split("/runs/")[0]]
            for content in digests["content"]
            for item in json.loads(content)["items"]
            if item["url"] and _LIKELY in item["text"]
        }


def _likely(keys: "pd.Series[Any]") -> set[str]:
    """The jobs of signals that say so."""
    signals = (key.split(" ", 1) for of_incident in keys for key in of_incident)
    return {subject for condition, subject in signals if condition == "likely_to_miss"}
