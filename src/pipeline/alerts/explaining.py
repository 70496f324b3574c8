"""An incident explained: what holds, why it weighs so, what became of it, who was told, what would silence it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from shlex import quote
from typing import Any

from pipeline.alert_settings import TIERS, AlertSettings, When
from pipeline.alerts.live import what_holds
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import PLATFORM, Signal
from pipeline.alerts.wording import quoted
from pipeline.answers.nights.given import as_of
from pipeline.answers.reader import Reader, records
from pipeline.answers.values import shown, text

__all__ = ["Explanation", "explained"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A signal of it that holds."""

    condition: str
    subject: str
    name: str
    sentence: str
    tier: str
    tier_from: str
    """Why it has that tier."""
    rule: str
    """When people are told of the condition in that tier."""
    times: int
    is_known: bool
    """Whether people were told of it at once."""
    is_digested: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A row of ops.incidents, and what it comes from."""

    incident: Mapping[str, Any]
    evidence: tuple[Evidence, ...]
    told: tuple[Mapping[str, Any], ...]
    """Its messages and how far they have come, in their order."""
    silenced_with: tuple[str, ...]
    """Subjects that a silence of it may have, the narrowest first."""

    def record(self) -> dict[str, Any]:
        """It for a script."""
        return {
            **self.incident,
            "evidence": [asdict(one) for one in self.evidence],
            "people_told": list(self.told),
            "silenced_with": list(self.silenced_with),
            "explanation": list(self.lines()),
        }

    def lines(self) -> Iterator[str]:
        """It for a person."""
        incident = self.incident
        tier = TIERS[incident["tier"] - 1]
        yield f"{tier} {text(incident['headline'])} ({incident['state']})"
        team = text(incident["team"]) or "not known"
        cause, at = text(incident["cause"]), shown("at", incident["as_of"])
        yield f"Cause {cause}, team {team}; as of {at} UTC."
        for one in self.evidence:
            yield f"- {one.name}, {one.condition}: {one.sentence}"
            yield f"  {one.tier} by {one.tier_from}; {_rule_in_words(one)}"
        if not self.evidence:
            yield "Nothing of it holds any more."
        if incident["held_by"]:
            yield f"Held by {text(incident['held_by'])}."
        if incident["acknowledged_by"]:
            yield f"Taken on by {text(incident['acknowledged_by'])}."
        if returns := incident["returns"]:
            times = "once" if returns == 1 else f"{returns:,} times"
            yield f"It came back {times} before it had stayed away."
        for row in self.told:
            why = f" ({text(row['reason'])})" if row["reason"] else ""
            at = shown("at", row["decided_at"])
            yield f"{at} UTC {row['kind']} to {text(row['channel'])}: {row['state']}{why}"
        if not self.told:
            yield "Nobody was told at once."
        narrowest, *wider = self.silenced_with
        more = f" (or {', '.join(quote(text(one)) for one in wider)})" if wider else ""
        yield f"Silence it: rightrun alerts silence {narrowest} --for 8h --why TEXT{more}"


def explained(reader: Reader, incident: Mapping[str, Any], settings: AlertSettings) -> Explanation:
    """A row of ops.incidents explained, as of when it was last decided on."""
    night_at = as_of(reader)
    held = [] if night_at is None else what_holds(reader, night_at, incident["decided_at"]).signals
    policy = Policy(settings)
    of_it = [one for one in held if one.key in incident["holding"]]
    messages = [
        row
        for row in records(reader, "alerts", "outbox", since="1970-01-01")
        if row["incident_key"] == incident["incident_id"]
    ]
    return Explanation(
        incident,
        tuple(_evidence(one, incident, policy) for one in of_it),
        tuple(sorted(messages, key=lambda row: (row["sequence"], row["channel"]))),
        tuple(_silenced_with(incident)),
    )


def _evidence(signal: Signal, incident: Mapping[str, Any], policy: Policy) -> Evidence:
    tier = policy.tier(signal.subject, signal.tier)
    return Evidence(
        condition=signal.condition,
        subject=signal.subject,
        name=signal.name,
        sentence=signal.sentence,
        tier=TIERS[tier - 1],
        tier_from=_tier_from(signal, policy),
        rule=str(policy.rule(tier, signal.condition)),
        times=signal.times,
        is_known=signal.key in incident["told"],
        is_digested=signal.key in incident["digested"],
        url=signal.url,
    )


def _tier_from(signal: Signal, policy: Policy) -> str:
    if signal.subject in policy.settings.tiers:
        return "alerts.tiers of the settings"
    if signal.team == PLATFORM:
        return "what it is: all else stands on it"
    return (
        "its tags" if signal.has_own_tier else "default, as neither a tag nor the settings say one"
    )


def _rule_in_words(one: Evidence) -> str:
    if one.rule == When.NEVER:
        return f"of {one.condition} nobody is told."
    when = {"now": "at once", "digest": "in the digest"}.get(
        one.rule, f"at once {one.rule} in a row, and it has come {one.times:,}"
    )
    if one.is_known:
        became = "they were told"
    elif one.is_digested:
        became = "it stood in a digest"
    else:
        became = "they were not told yet"
    return f"of {one.condition} people are told {when}: {became}."


def _silenced_with(incident: Mapping[str, Any]) -> Iterator[str]:
    yield quoted(incident["incident_id"])
    kind, _, name = incident["cause"].partition("/")
    if kind == "job":
        yield f"job:{name}"
    if incident["team"] not in ("", PLATFORM):
        yield f"team:{incident['team']}"
    for condition in sorted({key.split(" ", 1)[0] for key in incident["holding"]}):
        yield f"condition:{condition}"
