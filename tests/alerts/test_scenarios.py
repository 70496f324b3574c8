"""What people hear over days, as Alertmanager's acceptance tests ask it: one line a look, and whom it told what.

A scenario is a list of looks. Each names the time, what holds then, and what each channel hears; from look to look
nothing is kept but the incidents, as between two processes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.alert_settings import AlertSettings
from pipeline.alerts.deciding import decide
from pipeline.alerts.incidents import Incident
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal, caused
from pipeline.alerts.silences import Silence

_START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_RUNS = "system.lakeflow.job_run_timeline"


@dataclass(frozen=True)
class Job:
    """A job as its signals need it."""

    team: str = "a"
    tier: int = 1
    owner: str = ""
    after: str = ""
    """The job that fires it."""


_JOBS = {
    "up": Job(),
    "down": Job(team="b", after="up"),
    "last": Job(team="c", after="down"),
    "next": Job(after="up"),
    "other": Job(),
    "second": Job(tier=2, owner="ada"),
    "third": Job(tier=3),
}


@dataclass(frozen=True)
class Look:
    """`holds` are conditions and jobs, such as `failed up`; `hears` are channels with what they are told, in any
    order. `hours` is when, after the start; `as_of` and `began` default to it."""

    hours: float
    holds: str = ""
    hears: str = ""
    silences: Sequence[tuple[str, float, float]] = ()
    """Of each what it holds, from and until when, in hours."""
    late: bool = False
    ended: Sequence[str] = ()
    """Keys that the Jobs API has shown to hold no more."""


@dataclass
class World:
    """Everything that lasts from look to look."""

    settings: Mapping[str, Any]
    incidents: tuple[Incident, ...] = ()
    since: dict[str, datetime] = field(default_factory=dict)

    def look(self, one: Look) -> list[str]:
        now = _START + timedelta(hours=one.hours)
        keys = [key.strip() for key in one.holds.split(",") if key.strip()]
        self.since = {key: self.since.get(key, now) for key in keys}
        signals = [_signal(key, self.since[key]) for key in keys]
        if one.late:
            signals.append(_late(now))
        decision = decide(
            self.incidents,
            caused(signals),
            Policy(AlertSettings.model_validate(self.settings)),
            [
                Silence(subject, _START + timedelta(hours=until), "ann", "known")
                for subject, begins, until in one.silences
                if begins <= one.hours < until
            ],
            now=now,
            as_of=now,
            ended=dict.fromkeys(one.ended, now),
        )
        self.incidents = decision.incidents
        return sorted(
            f"{channel}: {told.notice.reason} {_called(told.incident)}"
            for told in decision.told
            for channel in told.notice.channels
        )


def _signal(key: str, began_at: datetime) -> Signal:
    condition, subject = key.split(" ")
    job = _JOBS[subject]
    return Signal(
        condition=condition, subject=subject, name=subject, team=job.team, owner=job.owner, tier=job.tier,
        began_at=began_at, seen_at=began_at, times=3, sentence="It holds.", cause=f"job/{subject}",
        upstreams=(job.after,) if job.after else (),
    )  # fmt: skip


def _late(at: datetime) -> Signal:
    return Signal(
        condition="source_late", subject=_RUNS, name=_RUNS, team="platform", owner="", tier=1, began_at=at,
        seen_at=at, times=1, sentence="It is late.", cause=f"source/{_RUNS}",
    )  # fmt: skip


def _called(incident: Incident) -> str:
    """Its cause, and the team where that is not the cause's own."""
    cause = incident.cause.removeprefix("job/")
    is_own = incident.team == (_JOBS[cause].team if cause in _JOBS else "platform")
    return cause if is_own else f"{cause}@{incident.team}"


def _heard(words: str) -> list[str]:
    return sorted(one.strip() for one in words.split(",") if one.strip())


_ALL = {"to": ["all"]}
_HELD = [("job:up", 0.5, 10.0)]


_SCENARIOS: dict[str, tuple[Mapping[str, Any], list[Look]]] = {
    "a failure is told when it comes and when it goes": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(1, "failed up"),
            Look(2, "", "all: resolved up"),
            Look(3),
        ],
    ),
    "silenced before it fires, it is told when the silence ends": (
        _ALL,
        [
            Look(1, "failed up", silences=_HELD),
            Look(9, "failed up", silences=_HELD),
            Look(10, "failed up", "all: opened up", silences=_HELD),
            Look(11, "", "all: resolved up"),
        ],
    ),
    "a silence of a week ends while it still fails": (
        _ALL,
        [
            Look(1, "failed up", silences=[("team:a", 0, 168)]),
            Look(100, "failed up", silences=[("team:a", 0, 168)]),
            Look(168, "failed up", "all: opened up", silences=[("team:a", 0, 168)]),
        ],
    ),
    "what ends while it is silenced says nothing more": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(1, "failed up", silences=_HELD),
            Look(2, "", silences=_HELD),
            Look(11),
        ],
    ),
    "what ends while its condition is silenced says nothing more": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(1, "failed up", silences=[("condition:failed", 0, 10)]),
            Look(2, "", silences=[("condition:failed", 0, 10)]),
            Look(11),
        ],
    ),
    "an end is not told while its condition is silenced": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(2, "", silences=[("condition:failed", 1, 10)]),
            Look(11),
        ],
    ),
    "what ends after its silence is told, also where nobody looked in between": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(1, "failed up", silences=_HELD),
            Look(11, "", "all: resolved up"),
        ],
    ),
    "a silence of one of two jobs does not hold the end of both": (
        _ALL,
        [
            Look(0, "failed up, failed next", "all: opened up"),
            Look(1, "failed up, failed next", silences=[("job:next", 0, 10)]),
            Look(2, "", "all: resolved up", silences=[("job:next", 0, 10)]),
        ],
    ),
    "an upstream that ends first releases what still fails": (
        _ALL,
        [
            Look(0, "failed up, failed down", "all: opened up"),
            Look(1, "failed down", "all: resolved up, all: opened down"),
            Look(2, "", "all: resolved down"),
        ],
    ),
    "both that end together say the end of the upstream alone": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(1, "failed up, failed down"),
            Look(2, "", "all: resolved up"),
            Look(3),
        ],
    ),
    "a line of three is one message": (
        _ALL,
        [
            Look(0, "failed up, failed down, failed last", "all: opened up"),
            Look(1, "failed down, failed last", "all: resolved up, all: opened down"),
            Look(2, "failed last", "all: resolved down, all: opened last"),
            Look(3, "", "all: resolved last"),
        ],
    ),
    "what was told before its upstream failed is not over because of that": (
        _ALL,
        [
            Look(0, "failed down", "all: opened down"),
            Look(1, "failed down, failed up", "all: opened up"),
            Look(2, "failed down", "all: resolved up"),
            Look(3, "", "all: resolved down"),
        ],
    ),
    "what was told before its upstream failed and ends with it is not announced": (
        _ALL,
        [
            Look(0, "failed down", "all: opened down"),
            Look(1, "failed down, failed up", "all: opened up"),
            Look(2, "", "all: resolved up"),
            Look(3),
        ],
    ),
    "of one team's line the first that recovers does not end the message of the rest": (
        _ALL,
        [
            Look(0, "failed up, failed next", "all: opened up"),
            Look(1, "failed next"),
            Look(2, "", "all: resolved up"),
        ],
    ),
    "an upstream that nobody is told of holds nobody": (
        {"routes": [{"to": ["b"], "teams": ["b"]}]},
        [
            Look(0, "failed up, failed down", "b: opened up@b"),
            Look(1, "failed down"),
            Look(2, "", "b: resolved up@b"),
        ],
    ),
    "a silenced upstream holds nobody": (
        _ALL,
        [
            Look(1, "failed up, failed down", "all: opened up@b", silences=_HELD),
            Look(2, "", "all: resolved up@b", silences=_HELD),
        ],
    ),
    "an end goes to those who heard of the beginning, whatever the hour": (
        {"to": ["desk"], "routes": [{"to": ["phone"], "hours": "18:00-08:00 UTC"}]},
        [
            Look(10, "failed up", "phone: opened up"),
            Look(24, "", "phone: resolved up"),
        ],
    ),
    "an end goes by the owner that the beginning went by": (
        {"to": ["desk"], "routes": [{"to": ["ada"], "owners": ["ada"]}]},
        [
            Look(0, "failed second", "ada: opened second"),
            Look(1, "", "ada: resolved second"),
        ],
    ),
    "who hears that it got worse hears its end as well": (
        {"to": ["desk"], "routes": [{"to": ["phone"], "tiers": ["P1"]}]},
        [
            Look(0, "failed second", "desk: opened second"),
            Look(1, "", "desk: resolved second"),
            Look(2, "failed up", "phone: opened up"),
        ],
    ),
    "at hours in which nobody is told it waits, and is told then": (
        {"to": ["desk"], "routes": [{"to": [], "hours": "18:00-08:00 UTC"}]},
        [
            Look(10, "failed up"),
            Look(20, "failed up"),
            Look(24, "failed up", "desk: joined up"),
            Look(25, "", "desk: resolved up"),
        ],
    ),
    "who joins is told at once, and the others of what more holds when it is time": (
        {"to": ["desk"], "routes": [{"to": ["phone"], "hours": "11:00-20:00 UTC"}]},
        [
            Look(0, "failed up", "desk: opened up"),
            Look(2, "failed up, failed next", "phone: joined up"),
            Look(4, "failed up, failed next", "phone: more up"),
            Look(5, "", "desk: resolved up, phone: resolved up"),
        ],
    ),
    "what comes and goes in hours in which nobody is told is never told": (
        {"to": ["desk"], "routes": [{"to": [], "hours": "18:00-08:00 UTC"}]},
        [Look(10, "failed up"), Look(12), Look(24)],
    ),
    "a night without its source says nothing, and the end is told by the next": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(24, "failed up", f"all: opened source/{_RUNS}", late=True),
            Look(48, "", f"all: resolved source/{_RUNS}, all: resolved up"),
        ],
    ),
    "a success that was seen ends what a late source would keep": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(24, "", f"all: opened source/{_RUNS}", late=True),
            Look(25, "", "all: resolved up", late=True, ended=["failed up"]),
        ],
    ),
    "a failure that is mended is over when the miss that came of it is past": (
        _ALL,
        [
            Look(0, "failed up, missed up", "all: opened up"),
            Look(1, "missed up"),
            Look(50, "", "all: resolved up"),
        ],
    ),
    "a failure that is mended and back beside a miss comes and goes": (
        _ALL,
        [
            Look(0, "failed up, missed up", "all: opened up"),
            Look(1, "missed up"),
            Look(2, "failed up, missed up", "all: flapping up"),
            Look(3, "missed up"),
            Look(4, "failed up, missed up"),
            Look(50),
            Look(130, "", "all: resolved up"),
        ],
    ),
    "what fails anew a week later is told, though another condition has held since": (
        _ALL,
        [
            Look(0, "failed up, likely_to_miss up", "all: opened up"),
            Look(24, "likely_to_miss up"),
            Look(168, "failed up, likely_to_miss up", "all: more up"),
        ],
    ),
    "flapping is told once, and worse is told nevertheless": (
        _ALL,
        [
            Look(0, "failed second", "all: opened second"),
            Look(1, "", "all: resolved second"),
            Look(2, "failed second", "all: flapping second"),
            Look(3),
            Look(4, "failed second"),
            Look(5),
            Look(80, "", "all: resolved second"),
        ],
    ),
    "what comes back unheard ends unheard": (
        {"to": ["all"], "rules": {"P1": {"likely_to_miss": "digest"}}},
        [
            Look(0, "failed up", "all: opened up"),
            Look(1, "", "all: resolved up"),
            Look(2, "likely_to_miss up"),
            Look(3),
            Look(100),
        ],
    ),
    "a clock that jumps ahead and back tells nothing twice and loses nothing": (
        _ALL,
        [
            Look(0, "failed up", "all: opened up"),
            Look(10_000, "failed up, failed next", "all: more up"),
            Look(1, "failed up, failed next"),
            Look(2, "failed up, failed next, missed up", "all: more up"),
            Look(3, "", "all: resolved up"),
        ],
    ),
    "maintenance holds what it names until it ends": (
        {"to": ["all"], "maintenance": [
            {"from": _START, "to": _START + timedelta(hours=5), "why": "move", "by": "ann", "teams": ["a"]}]},
        [
            Look(1, "failed up, failed down", "all: opened up@b"),
            Look(4, "failed up, failed down"),
            Look(6, "failed up, failed down", "all: opened up"),
            Look(7, "failed down", "all: resolved up"),
            Look(8, "", "all: resolved up@b"),
        ],
    ),
    "hours from a time to itself are the whole day": (
        {"to": ["desk"], "routes": [{"to": ["phone"], "hours": "08:00-08:00 UTC"}]},
        [Look(0, "failed up", "phone: opened up")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _SCENARIOS)
def test_people_hear(name: str) -> None:
    settings, looks = _SCENARIOS[name]
    world = World(settings)
    heard = [(one.hours, world.look(one)) for one in looks]
    assert heard == [(one.hours, _heard(one.hears)) for one in looks]


def test_last_months_failures_are_no_news_on_any_night() -> None:
    world = World(_ALL)
    old = _START - timedelta(days=20)
    world.since = {"failed up": old}
    assert [world.look(Look(24.0 * night, "failed up")) for night in range(5)] == [[]] * 5
    world.since = {"failed up": _START + timedelta(days=5)}
    assert world.look(Look(120.0, "failed up")) == ["all: opened up"]


def test_a_channel_that_is_named_later_hears_what_still_holds() -> None:
    world = World({})
    assert world.look(Look(0, "failed up")) == []
    world.settings = _ALL
    assert world.look(Look(24, "failed up")) == ["all: joined up"]
    assert world.look(Look(25)) == ["all: resolved up"]


def test_a_channel_that_is_named_no_more_hears_no_end() -> None:
    world = World({"to": ["old", "kept"]})
    assert world.look(Look(0, "failed up")) == ["kept: opened up", "old: opened up"]
    world.settings = {"to": ["kept"]}
    assert world.look(Look(1)) == ["kept: resolved up"]
