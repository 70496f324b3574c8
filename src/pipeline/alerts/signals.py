"""What holds now, read from Gold: one signal for each condition of each subject, with what it comes from.

Signals with one cause become one incident of each team. A job's signal comes from a job before it, which fires
it or writes what it reads, where that one has failed, is late or did not come; and failures outside of the
jobs' own code that many jobs have within two hours come from the platform. Else it comes from the job itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pipeline.alerts.conditions import CONDITIONS
from pipeline.answers.answer import Answer
from pipeline.answers.reader import Reader, records
from pipeline.answers.values import text

__all__ = ["Signal", "caused", "night_signals", "signal_of", "with_causes"]

NO_TEAM: Final = ""
PLATFORM: Final = "platform"
"""The team of what concerns RightRun's sources, and nobody's jobs."""
_LEAST_JOBS: Final = 5
"""Jobs that fail for one outer reason within `_TOGETHER` of one another, from which it is the platform's."""
_TOGETHER: Final = timedelta(hours=2)
_OUTER: Final = ("infrastructure", "capacity")
_STOPS_OTHERS: Final = frozenset({"failed", "did_not_come", "missed", "at_risk"})
"""Conditions of a job that explain what holds of the jobs after it."""
_DAY: Final = timedelta(days=1)
NEWS_LASTS: Final = timedelta(days=2)
"""What happened longer before the time that a night speaks of is no news, so a first night tells nobody of last
month. Longer than a day: what ends just before a night is often delivered after it."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One condition of one subject that holds."""

    condition: str
    subject: str
    """A job's series_key, or a source's table."""
    name: str
    team: str
    owner: str
    tier: int
    began_at: datetime
    seen_at: datetime
    """The newest that speaks for it."""
    times: int
    sentence: str
    url: str | None = None
    run_id: str | None = None
    cause: str = ""
    """`job/KEY`, `platform/CODE` or `source/TABLE`: the same for all that comes from one thing."""
    upstreams: tuple[str, ...] = ()
    """The jobs that come right before it: they fire it, or write what it reads."""
    outer_reason: str | None = None
    """Why it failed, where that lies outside of the job."""
    has_own_tier: bool = True
    """Whether its tags say the tier, or it is P3 as nothing does."""
    live_at: datetime | None = None
    """When the Jobs API showed it; None for what a night has found."""

    @property
    def key(self) -> str:
        return f"{self.condition} {self.subject}"


def night_signals(reader: Reader, as_of: datetime, now: datetime) -> list[Signal]:
    """All that hold as of a night's time, each with itself for its cause; of RightRun itself, what holds now."""
    given = {
        "since": (as_of - NEWS_LASTS).isoformat(sep=" "),
        "until": (as_of + _DAY).isoformat(sep=" "),
        "now": now.isoformat(sep=" "),
    }
    signals = []
    for name in CONDITIONS:
        answer = Answer.of_file("conditions", name)
        asked = {parameter: given[parameter] for parameter in answer.parameters}
        signals += [signal_of(name, row) for row in reader.read(answer, **asked).records]
    return signals


def with_causes(reader: Reader, signals: Iterable[Signal]) -> list[Signal]:
    """Signals of jobs with what comes right before these, and with their causes."""
    before: dict[str, list[str]] = defaultdict(list)
    for row in records(reader, "alerts", "upstreams"):
        before[row["series_key"]].append(row["upstream_series_key"])
    return caused([replace(one, upstreams=tuple(before[one.subject])) for one in signals])


def signal_of(name: str, row: Mapping[str, Any]) -> Signal:
    """What a row of an answer about a condition says."""
    condition = CONDITIONS[name]
    of_source = row.get("source_table")
    is_outer = row.get("failure_class") in _OUTER
    return Signal(
        condition=name,
        subject=of_source or row["series_key"],
        name=text(of_source or row["name"]).strip() or text(row["series_key"]),
        team=PLATFORM if of_source else text(row["team"]),
        owner="" if of_source else text(row["owner"]),
        tier=1 if of_source else row["tier"] or 3,
        began_at=row["began_at"],
        seen_at=row["seen_at"],
        times=row.get("times") or 1,
        sentence=condition.sentence(row),
        url=row.get("url"),
        run_id=row.get("run_id"),
        cause=f"source/{of_source}" if of_source else f"job/{row['series_key']}",
        outer_reason=text(row["termination_code"]) if is_outer else None,
        has_own_tier=bool(of_source or row["tier"]),
        live_at=row.get("live_at"),
    )


def caused(signals: Sequence[Signal]) -> list[Signal]:
    """The same, each with its cause: the platform's, else that of the first in the line of jobs before it."""
    outer = _of_platform(signals)
    stopped = {one.subject for one in signals if one.condition in _STOPS_OTHERS}
    before = {one.subject: one.upstreams for one in signals}
    of_platform = {one.subject: outer[one.key] for one in signals if one.key in outer}

    def cause(one: Signal) -> str:
        if not one.cause.startswith("job/"):
            return one.cause
        origin = _origin(one.subject, before, stopped)
        return of_platform.get(origin, f"job/{origin}")

    return [replace(one, cause=cause(one)) for one in signals]


def _of_platform(signals: Iterable[Signal]) -> dict[str, str]:
    """Of failures for one outer reason in the company of enough others, the cause."""
    by_reason: dict[str, list[Signal]] = defaultdict(list)
    for one in signals:
        if one.outer_reason is not None:
            by_reason[one.outer_reason].append(one)
    causes: dict[str, str] = {}
    for reason, failed in by_reason.items():
        for group in _runs_of(sorted(failed, key=lambda one: (one.seen_at, one.subject))):
            if len({one.subject for one in group}) >= _LEAST_JOBS:
                causes |= {one.key: f"platform/{reason}" for one in group}
    return causes


def _runs_of(failed: Sequence[Signal]) -> Iterable[list[Signal]]:
    """Those in the order of time, parted where nothing failed for a while."""
    group: list[Signal] = []
    for one in failed:
        if group and one.seen_at - group[-1].seen_at > _TOGETHER:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _origin(job: str, before: Mapping[str, Sequence[str]], stopped: Collection[str]) -> str:
    """The first of the jobs before it that have stopped in an unbroken line; a circle ends where it began.

    Where several before a job have stopped it is the same one each time: a night is not to guess anew.
    """
    seen = {job}
    while above := [one for one in before[job] if one in stopped and one not in seen]:
        job = min(above)
        seen.add(job)
    return job
