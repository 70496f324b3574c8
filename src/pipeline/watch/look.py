"""A look at all workspaces: each swept at the same time, P(miss) of what runs, and all of it written down."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pyspark.sql import SparkSession

from pipeline.answers.reader import Reader, records
from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.settings import Settings
from pipeline.tables.derive import spark_schema
from pipeline.tables.live_runs import LIVE_RUNS, LIVE_TABLES, SWEEPS
from pipeline.watch.risk import Risk, risks
from pipeline.watch.runs import LiveRun
from pipeline.watch.sweep import Remembered, Running, Swept, sweep
from pipeline.workspace.connection import Refused, Workspace

__all__ = ["Connect", "Look", "Watched", "look"]

Connect = Callable[[str], Workspace]
"""Connects to the workspace of a place."""

_REMEMBERED: Final = timedelta(days=2)
_KEPT_AFTER_END: Final = timedelta(days=1)
"""Longer than any night takes, so that none of its tables is read without what another has not told yet."""
_KEPT_AT_MOST: Final = timedelta(days=4)
"""Of runs that the system tables never tell of."""
_MOST_CRITICAL: Final = "P1"
_SHORTEST_STOP: Final = timedelta(hours=1)
_MISSED_LOOKS: Final = 3
"""A watch that has not looked for so many times as long as between its last two looks has stopped, but not within
`_SHORTEST_STOP`."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of one workspace. `problem` is empty where all was told."""

    place: str
    workspace_id: str | None
    requests: int
    in_progress: int
    ended: int
    failed: int
    at_risk: int
    problem: str


@dataclass(frozen=True, slots=True)
class Look:
    """What came of all of them."""

    workspaces: tuple[Watched, ...]

    @property
    def is_whole(self) -> bool:
        return not any(one.problem for one in self.workspaces)


def look(
    spark: SparkSession,
    lakehouse: Lakehouse,
    reader: Reader,
    settings: Settings,
    connect: Connect,
    *,
    now: datetime,
    night_at: datetime,
) -> Look:
    """Sweep every workspace of the settings and write down what runs and what has ended. The caller holds the
    live runs. A workspace that cannot be asked is one with a problem, and holds up no other."""
    for table in LIVE_TABLES:
        lakehouse.create(table)
    places = settings.watch_workspaces or ("",)
    sweeps = {row["place"]: row for row in records(reader, "live", "sweeps")}
    remember = _Memory(reader, settings, now, night_at)

    def of_place(place: str) -> Swept | str:
        until = (sweeps.get(place) or {}).get("ended_until") or night_at
        try:
            workspace = connect(place)
            return sweep(workspace, remember.of(workspace.id, until), now, settings.watch_requests)
        except (Refused, UserError) as fault:
            return str(fault)

    with ThreadPoolExecutor(len(places)) as threads:
        told = dict(zip(places, threads.map(of_place, places), strict=True))
    runs = [run for swept in told.values() if isinstance(swept, Swept) for run in swept.runs]
    risk_of = risks(spark, lakehouse, runs, night_at, now)
    _write_runs(spark, lakehouse, reader, runs, risk_of, now)
    rows = [_sweep_row(place, swept, sweeps.get(place), now) for place, swept in told.items()]
    # What was asked once and is not any more is no fault of a watch.
    lakehouse.replace(SWEEPS, spark.createDataFrame(rows, schema=spark_schema(SWEEPS)))
    return Look(tuple(_watched(place, swept, risk_of) for place, swept in told.items()))


class _Memory:
    """What is known of each workspace before it is asked."""

    def __init__(
        self, reader: Reader, settings: Settings, now: datetime, night_at: datetime
    ) -> None:
        # Runs of the night that is spoken of, however long ago it was.
        since = min(now, night_at) - _REMEMBERED
        self._running: dict[str, dict[str, Running]] = defaultdict(dict)
        self._ended: dict[str, dict[str, datetime]] = defaultdict(dict)
        for row in records(reader, "live", "known", since=since.isoformat(sep=" ")):
            if row["ended_at"] is None:
                running = Running(**{name: row[name] for name in Running._fields})
                self._running[row["workspace_id"]][row["run_id"]] = running
            else:
                self._ended[row["workspace_id"]][row["run_id"]] = row["ended_at"]
        tiers = settings.alerts.tiers
        self._critical: dict[str, list[str]] = defaultdict(list)
        for row in records(reader, "live", "promised"):
            if tiers.get(row["series_key"], f"P{row['tier']}") == _MOST_CRITICAL:
                self._critical[row["workspace_id"]].append(row["job_id"])

    def of(self, workspace_id: str, ended_until: datetime) -> Remembered:
        return Remembered(
            running=self._running.get(workspace_id, {}),
            ended=self._ended.get(workspace_id, {}),
            ended_until=ended_until,
            critical=self._critical.get(workspace_id, ()),
        )


def _write_runs(
    spark: SparkSession,
    lakehouse: Lakehouse,
    reader: Reader,
    runs: Sequence[LiveRun],
    risk_of: Mapping[tuple[str, str], Risk],
    now: datetime,
) -> None:
    """Merge what was seen, and drop what the system tables have told since."""
    rows = []
    for run in runs:
        risk = risk_of.get((run.workspace_id, run.run_id), Risk(None, None))
        values = {
            "due_at": risk.due_at,
            "p_miss": risk.p_miss if run.ended_at is None else None,
        }
        rows.append(
            tuple(
                values[name] if name in values else getattr(run, name)
                for name in LIVE_RUNS.column_names
            )
        )
    until, oldest = now - _KEPT_AFTER_END, now - _KEPT_AT_MOST
    gone = records(
        reader, "live", "told", until=until.isoformat(sep=" "), oldest=oldest.isoformat(sep=" ")
    )
    keys = [(row["workspace_id"], row["run_id"]) for row in gone]
    scope = (
        spark.createDataFrame(keys, schema="workspace_id string, run_id string") if keys else None
    )
    if rows or keys:
        frame = spark.createDataFrame(rows, schema=spark_schema(LIVE_RUNS))
        lakehouse.merge(LIVE_RUNS, frame, scope=scope)


def _sweep_row(
    place: str, swept: Swept | str, before: Mapping[str, Any] | None, now: datetime
) -> tuple[Any, ...]:
    earlier: Mapping[str, Any] = before or {}
    problem = swept.problem if isinstance(swept, Swept) else swept
    values = {
        "place": place,
        "workspace_id": swept.workspace_id
        if isinstance(swept, Swept)
        else earlier.get("workspace_id"),
        "asked_at": now,
        "ended_until": (swept.ended_until if isinstance(swept, Swept) else None)
        or earlier.get("ended_until"),
        "requests": swept.requests if isinstance(swept, Swept) else 0,
        "problem": problem,
        "problems": earlier.get("problems", 0) + 1 if problem else 0,
        "problem_since": (earlier.get("problem_since") or now) if problem else None,
        "overdue_at": _overdue_at(earlier.get("asked_at"), now),
    }
    return tuple(values[name] for name in SWEEPS.column_names)


def _overdue_at(before: datetime | None, now: datetime) -> datetime | None:
    """When a watch has stopped that looked `before`, and `now` for the last time. Who looks once is no watch."""
    if before is None or before > now:
        return None
    return now + max(_SHORTEST_STOP, _MISSED_LOOKS * (now - before))


def _watched(place: str, swept: Swept | str, risk_of: Mapping[tuple[str, str], Risk]) -> Watched:
    if isinstance(swept, str):
        return Watched(place, None, 0, 0, 0, 0, 0, swept)
    counts = Counter(_kinds(swept.runs, risk_of))
    return Watched(
        place, swept.workspace_id, swept.requests, counts["in_progress"], counts["ended"], counts["failed"],
        counts["at_risk"], swept.problem,
    )  # fmt: skip


def _kinds(runs: Iterable[LiveRun], risk_of: Mapping[tuple[str, str], Risk]) -> Iterable[str]:
    for run in runs:
        if run.ended_at is not None:
            yield "ended"
            if run.is_failed:
                yield "failed"
            continue
        yield "in_progress"
        risk = risk_of.get((run.workspace_id, run.run_id))
        if risk is not None and risk.p_miss is not None and risk.p_miss >= 0.5:
            yield "at_risk"
