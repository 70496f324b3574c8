"""What people are told of an incident or in a digest, before any channel has spelled it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from pipeline.alert_settings import TIERS
from pipeline.alerts.conditions import CONDITIONS
from pipeline.alerts.deciding import Decision, Digest, Told
from pipeline.alerts.incidents import Reason
from pipeline.alerts.message import Content, Item, Kind, Link, Message, message_id
from pipeline.alerts.signals import PLATFORM, Signal
from pipeline.sla.durations import duration

__all__ = ["headline", "messages_of", "ranked"]

_MOST_ITEMS: Final = 20
_MOST_OF_DIGEST: Final = 100
_KINDS: Final = {
    Reason.OPENED: Kind.OPENED,
    Reason.MORE: Kind.UPDATED,
    Reason.WORSE: Kind.UPDATED,
    Reason.FLAPPING: Kind.UPDATED,
    Reason.JOINED: Kind.OPENED,
    Reason.RESOLVED: Kind.RESOLVED,
}
_PREFIXES: Final = {
    Reason.MORE: "More: ",
    Reason.WORSE: "Worse: ",
    Reason.FLAPPING: "Comes and goes: ",
    Reason.RESOLVED: "Over: ",
}
_DIGEST_LASTS: Final = timedelta(days=2)
_ORDER: Final = {name: place for place, name in enumerate(CONDITIONS)}


def messages_of(
    decision: Decision,
    *,
    headlines: dict[str, str],
    now: datetime,
    as_of: datetime,
    quiet: timedelta,
    ended: Mapping[str, datetime] = MappingProxyType({}),
) -> list[Message]:
    """One message for each channel of each notice and digest. `headlines` has what incidents were called when
    they were told, by incident: an end is told under the same name. `ended` says of signals that hold no more
    when that was seen, where it was after `as_of`."""
    return [
        *(
            message
            for told in decision.told
            for message in _of_incident(told, headlines, now, as_of, quiet, ended)
        ),
        *(message for digest in decision.digests for message in _of_digest(digest, now, as_of)),
    ]


def headline(signals: Sequence[Signal], cause: str) -> str:
    """What holds of how many, the job that it comes from first."""
    first, *others = ranked(signals, cause)
    names = dict.fromkeys(one.subject for one in others if one.subject != first.subject)
    if cause.startswith("platform/"):
        return f"{len(names) + 1:,} jobs failed with {cause.partition('/')[2]}"
    more = f", and {len(names):,} more" if names else ""
    return f"{first.name} {CONDITIONS[first.condition].title}{more}"


def _of_incident(
    told: Told,
    headlines: dict[str, str],
    now: datetime,
    as_of: datetime,
    quiet: timedelta,
    ended: Mapping[str, datetime],
) -> Iterable[Message]:
    incident, reason = told.incident, told.notice.reason
    called = headlines.get(incident.incident_id) or (
        headline(told.signals, incident.cause) if told.signals else incident.cause.partition("/")[2]
    )
    if reason in (Reason.MORE, Reason.WORSE) and told.signals:
        called = headline(told.signals, incident.cause)
    content = Content(
        headline=f"{_PREFIXES.get(reason, '')}{called}",
        sentences=tuple(_sentences(told, now, quiet)),
        items=tuple(
            _item(one) for one in ranked(told.signals, incident.cause)[1 : _MOST_ITEMS + 1]
        ),
        left_out=max(0, len(told.signals) - 1 - _MOST_ITEMS),
        links=tuple(_links(told.signals, incident.cause)),
        data_as_of=_seen_at(told, ended) or as_of,
        silence_hint=f"rightrun alerts silence incident:{incident.incident_id} --for 8h --why TEXT",
    )
    for channel in told.notice.channels:
        yield Message(
            message_id=message_id(incident.incident_id, told.notice.number, channel),
            incident_key=incident.incident_id,
            sequence=told.notice.number,
            channel=channel,
            kind=_KINDS[reason],
            tier=TIERS[(incident.told_tier or incident.tier) - 1],
            team=None if incident.team == PLATFORM else incident.team or None,
            decided_at=now,
            as_of=as_of,
            content=content,
        )


def _seen_at(told: Told, ended: Mapping[str, datetime]) -> datetime | None:
    """When that was seen which a message says first, or the end that it tells; None where a night has found it."""
    if told.signals:
        return ranked(told.signals, told.incident.cause)[0].live_at
    return max((ended[key] for key in told.incident.told if key in ended), default=None)


def _sentences(told: Told, now: datetime, quiet: timedelta) -> Iterable[str]:
    incident = told.incident
    if told.notice.reason is Reason.RESOLVED:
        yield f"Nothing of it holds any more; people were first told {_ago(incident.told_at, now)} ago."
        return
    if told.signals:
        yield ranked(told.signals, incident.cause)[0].sentence
    if told.notice.reason is Reason.JOINED:
        yield f"It goes on; its first news was {_ago(incident.told_at, now)} ago, and did not go to this channel."
    if told.notice.reason is Reason.FLAPPING:
        yield f"It was over and is back: you hear no more of it until it has stayed away for {_days(quiet)}."
    if told.held_back:
        more = "1 more alert" if told.held_back == 1 else f"{told.held_back:,} more alerts"
        yield f"{more} of jobs that come after it, of other teams, are held until it is over."


def _of_digest(digest: Digest, now: datetime, as_of: datetime) -> Iterable[Message]:
    count = len({one.subject for one in digest.signals})
    teams = digest.teams
    team = teams[0] if len(teams) == 1 and teams[0] else None
    whose = f" of {team}" if team else ""
    jobs = "1 job" if count == 1 else f"{count:,} jobs"
    sentences = []
    if digest.over_budget:
        sentences.append(
            f"{digest.over_budget:,} of these would have been told at once, but the week's number of pages"
            " is used up."
        )
    if digest.still_open:
        sentences.append(f"Open incidents: {digest.still_open:,}; see rightrun alerts list.")
    left_out = max(0, len(digest.signals) - _MOST_OF_DIGEST)
    if left_out:
        sentences.append("All that nobody is told of at once: rightrun alerts list --all.")
    content = Content(
        headline=f"Digest: {jobs}{whose} to look at",
        sentences=tuple(sentences),
        items=tuple(
            _item(one, names_team=team is None) for one in digest.signals[:_MOST_OF_DIGEST]
        ),
        left_out=left_out,
        data_as_of=as_of,
    )
    # What is in it is part of its key: a second one of a night is another, the same made again is not.
    news = "\n".join(sorted(one.key for one in digest.signals))
    key = f"digest/{as_of.isoformat()}/{sha256(news.encode()).hexdigest()[:12]}"
    for channel in digest.channels:
        yield Message(
            message_id=message_id(key, 0, channel),
            channel=channel,
            kind=Kind.DIGEST,
            team=team,
            decided_at=now,
            as_of=as_of,
            expires_at=now + _DIGEST_LASTS,
            content=content,
        )


def ranked(signals: Sequence[Signal], cause: str) -> list[Signal]:
    """The job that all comes from first, then what weighs most."""
    return sorted(
        signals,
        key=lambda one: (
            f"job/{one.subject}" != cause,
            one.tier,
            _ORDER[one.condition],
            one.name,
            one.subject,
        ),
    )


def _item(signal: Signal, *, names_team: bool = False) -> Item:
    team = f" ({signal.team})" if names_team and signal.team else ""
    return Item(name=f"{signal.name}{team}", text=signal.sentence, url=_url(signal))


def _links(signals: Sequence[Signal], cause: str) -> Iterable[Link]:
    if not signals:
        return
    first = ranked(signals, cause)[0]
    if first.url:
        yield Link("Job", first.url)
        if first.run_id:
            yield Link("Run", f"{first.url}/runs/{first.run_id}")


def _url(signal: Signal) -> str | None:
    if signal.url and signal.run_id:
        return f"{signal.url}/runs/{signal.run_id}"
    return signal.url


def _ago(since: datetime | None, now: datetime) -> str:
    return "some time" if since is None else duration(max(0.0, (now - since).total_seconds()))


def _days(span: timedelta) -> str:
    days = span / timedelta(days=1)
    return "1 day" if days == 1 else f"{days:g} days"
