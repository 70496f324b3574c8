"""Who is told of what: signals by cause and team, incidents as they go on, and what is left for a digest.

Pure: the same incidents, signals, policy and times make the same decision. What holds a signal is looked at
in one order, and the first that does is what people are shown: a maintenance, a silence, a late source, an
upstream incident that people are told of, the team's noise budget.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pipeline.alert_settings import When
from pipeline.alerts.conditions import CONDITIONS
from pipeline.alerts.grouping import Key, grouped, is_origin, newest_of, turn
from pipeline.alerts.incidents import UPSTREAM, Heard, Incident, Notice, Reason, State, next_state
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import NEWS_LASTS, PLATFORM, Signal
from pipeline.alerts.silences import Silence

__all__ = ["Decision", "Digest", "Held", "Told", "decide"]

_WEEK: Final = timedelta(days=7)
_MOST_URGENT: Final = 1
_ORDER: Final = {name: place for place, name in enumerate(CONDITIONS)}


@dataclass(frozen=True, slots=True)
class Told:
    """A notice of an incident, and what of it holds and is held by nothing."""

    incident: Incident
    notice: Notice
    signals: tuple[Signal, ...]
    held_back: int = 0
    """Signals of other teams that this incident holds."""


@dataclass(frozen=True, slots=True)
class Held:
    """A signal that nobody is told of at once, and why."""

    signal: Signal
    why: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What is new to those who read some channels and could wait, and what of it a noise budget has held."""

    channels: tuple[str, ...]
    signals: tuple[Signal, ...]
    over_budget: int
    still_open: int
    """Incidents of the same teams that people were told of, and that go on."""

    @property
    def teams(self) -> tuple[str, ...]:
        return tuple(sorted({one.team for one in self.signals}))


@dataclass(frozen=True, slots=True)
class Decision:
    """Incidents as they are from now on, all that changed or not; whom to tell; and what is held."""

    incidents: tuple[Incident, ...]
    told: tuple[Told, ...]
    digests: tuple[Digest, ...]
    held: tuple[Held, ...]


def decide(
    incidents: Iterable[Incident],
    signals: Sequence[Signal],
    policy: Policy,
    silences: Sequence[Silence],
    *,
    now: datetime,
    as_of: datetime,
    digested: frozenset[str] = frozenset(),
    ended: Collection[str] = (),
) -> Decision:
    """How incidents go on. `incidents` are the newest of each cause and team and those told within a week;
    `digested` are keys of signals that a digest has told and that have held since; `ended` are keys of signals that
    were seen to hold no more, whatever a late source says."""
    history = list(incidents)
    newest = {key: _as_named(one, policy) for key, one in newest_of(history).items()}
    ranked = [replace(one, tier=policy.tier(one.subject, one.tier)) for one in signals]
    whens = {one.key: policy.rule(one.tier, one.condition).applied(one.times) for one in ranked}
    groups = grouped((one for one in ranked if whens[one.key] is not When.NEVER), newest)
    late = {one.subject for one in ranked if one.condition == "source_late"}
    pages = _pages(history, now)
    told: list[Told] = []
    held: list[Held] = []
    waiting: list[Signal] = []
    over_budget: list[Signal] = []
    after: dict[Key, Incident] = {}
    told_of_origin: dict[str, Incident] = {}
    for key in sorted({*newest, *groups}, key=lambda key: turn(key, groups.get(key, []))):
        before, of_group = newest.get(key), groups.get(key, [])
        reasons = {
            one.key: _held_by(one, policy, silences, late, key, told_of_origin, now)
            for one in of_group
        }
        may_page = pages[key[1]] < policy.settings.pages_a_week or key[1] == PLATFORM
        heard = []
        for one in of_group:
            is_fresh = _is_fresh(one, before, now, as_of)
            is_now = whens[one.key] is When.NOW and is_fresh and not reasons[one.key]
            is_loud = is_now and (may_page or one.tier == _MOST_URGENT or _is_open(before))
            heard.append(Heard(one.key, one.tier, is_loud, CONDITIONS[one.condition].is_event))
            if reasons[one.key]:
                held.append(Held(one, reasons[one.key]))
            elif is_now and not is_loud:
                over_budget.append(one)
            elif is_fresh and whens[one.key] is not When.NOW:
                waiting.append(one)
        shown = [one for one in of_group if not reasons[one.key]]
        everything_held = of_group and not shown
        incident, notice = next_state(
            before,
            heard,
            now,
            cause=key[0],
            team=key[1],
            channels=_channels(shown, policy, now),
            held_by=reasons[of_group[0].key]
            if everything_held
            else _held_end(before, of_group, policy, silences, now),
            is_blind=_is_blind(before, late, ended),
            cooldown=policy.cooldown,
            quiet=policy.quiet,
        )
        if incident is None:
            continue
        after[key] = incident
        if notice is not None:
            if notice.reason is Reason.OPENED and incident.tier != _MOST_URGENT:
                pages[key[1]] += 1
            is_over = notice.reason is Reason.RESOLVED
            told.append(Told(incident, notice, () if is_over else tuple(shown)))
        # What nobody hears of holds nobody, but for settings by which nobody hears of anything.
        if incident.state is State.OPEN and (incident.channels or not policy.named):
            told_of_origin |= {one.cause: incident for one in of_group if is_origin(one)}
    reasons_held = Counter(one.why for one in held)
    counted = [
        replace(one, held_back=reasons_held[f"{UPSTREAM}{one.incident.incident_id}"])
        for one in told
    ]
    digests = _digests(waiting, over_budget, digested, after.values(), policy, now)
    return Decision(tuple(after.values()), tuple(counted), digests, tuple(held))


def _as_named(incident: Incident, policy: Policy) -> Incident:
    """An incident without the channels that the policy names no more."""
    named = tuple(name for name in incident.channels if name in policy.named)
    return replace(incident, channels=named)


def _is_fresh(signal: Signal, before: Incident | None, now: datetime, as_of: datetime) -> bool:
    """Whether it is news, or was when its incident began, which may have been held since."""
    if as_of - signal.seen_at <= NEWS_LASTS or _is_open(before):
        return True
    if before is None or before.state is State.OVER:
        return False
    return before.began_at - (now - as_of) - signal.seen_at <= NEWS_LASTS


def _held_by(
    signal: Signal,
    policy: Policy,
    silences: Sequence[Silence],
    late: set[str],
    key: Key,
    told_of_origin: Mapping[str, Incident],
    now: datetime,
) -> str:
    """What holds a signal, in words; empty for nothing."""
    maintenance = policy.held_by_maintenance(signal.subject, signal.team, now)
    if maintenance is not None:
        return f"maintenance until {maintenance.ends_at.isoformat()}"
    for silence in silences:
        if silence.holds(signal.condition, signal.subject, signal.team, key, now):
            return f"silence by {silence.by} until {silence.until.isoformat()}"
    sources = sorted(late.intersection(CONDITIONS[signal.condition].stands_on))
    # What the Jobs API has shown stands on no source.
    if sources and signal.live_at is None:
        return f"late source {sources[0]}"
    # The incident of the team of the job that it comes from, where people are told of that.
    holder = told_of_origin.get(signal.cause)
    is_of_others = holder is not None and holder.team != key[1] != PLATFORM
    return f"{UPSTREAM}{holder.incident_id}" if holder is not None and is_of_others else ""


def _held_end(
    before: Incident | None,
    signals: Sequence[Signal],
    policy: Policy,
    silences: Sequence[Silence],
    now: datetime,
) -> str:
    """What holds the news of an end: silences or maintenance of all that was told and held last."""
    if signals or before is None:
        return ""
    why = ""
    for key in set(before.told).intersection(before.holding) or before.told:
        condition, subject = key.split(" ", 1)
        if policy.held_by_maintenance(subject, before.team, now) is not None:
            why = "maintenance"
        elif any(one.holds(condition, subject, before.team, before.key, now) for one in silences):
            why = "silence"
        else:
            return ""
    return why


def _is_blind(before: Incident | None, late: set[str], ended: Collection[str]) -> bool:
    """Whether what is not heard of an incident may hold all the same."""
    if before is None:
        return False
    unseen = {*before.told, *before.holding}.difference(ended)
    conditions = {key.split(" ", 1)[0] for key in unseen}.intersection(CONDITIONS)
    return any(late.intersection(CONDITIONS[name].stands_on) for name in conditions)


def _is_open(before: Incident | None) -> bool:
    return before is not None and before.state is State.OPEN


def _pages(incidents: Iterable[Incident], now: datetime) -> dict[str, int]:
    """Incidents of each team that it was told of within a week, the most urgent left out."""
    pages: dict[str, int] = defaultdict(int)
    for one in incidents:
        if (
            one.told_at is not None
            and abs(now - one.told_at) < _WEEK
            and one.told_tier != _MOST_URGENT
        ):
            pages[one.team] += 1
    return pages


def _channels(signals: Sequence[Signal], policy: Policy, now: datetime) -> tuple[str, ...]:
    """Every channel that one of the signals goes to."""
    channels: dict[str, None] = {}
    for team, tier in dict.fromkeys((one.team, one.tier) for one in signals):
        alike = [one for one in signals if (one.team, one.tier) == (team, tier)]
        names = policy.channels(
            team=team,
            owners=[one.owner for one in alike],
            tier=tier,
            conditions=[one.condition for one in alike],
            at=now,
        )
        channels |= dict.fromkeys(names)
    return tuple(channels)


def _digests(
    waiting: Sequence[Signal],
    over_budget: Sequence[Signal],
    digested: frozenset[str],
    incidents: Iterable[Incident],
    policy: Policy,
    now: datetime,
) -> tuple[Digest, ...]:
    """For each set of channels what is new and could wait, but for what people know as a part of an incident."""
    still_open: dict[str, int] = defaultdict(int)
    part_of_open: set[str] = set()
    for incident in incidents:
        if incident.state is State.OPEN:
            still_open[incident.team] += 1
            part_of_open.update(incident.holding)
    by_channels: dict[tuple[str, ...], list[Signal]] = defaultdict(list)
    for one in (*over_budget, *waiting):
        if one.key not in digested and one.key not in part_of_open:
            by_channels[_channels([one], policy, now)].append(one)
    held = {one.key for one in over_budget}
    return tuple(
        Digest(
            channels=channels,
            signals=tuple(
                sorted(
                    news,
                    key=lambda one: (
                        one.tier,
                        one.key not in held,
                        _ORDER[one.condition],
                        one.name,
                        one.key,
                    ),
                )
            ),
            over_budget=sum(one.key in held for one in news),
            still_open=sum(still_open[team] for team in {one.team for one in news}),
        )
        for channels, news in sorted(by_channels.items())
    )
