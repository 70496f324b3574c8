"""Incidents as they are remembered between decisions, and a decision carried out.

Messages are posted before incidents are written: a decision that is killed in between is made again from the
same memory, and its messages have the same ids, which nobody posts twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession

from pipeline.alert_settings import AlertSettings
from pipeline.alerts.deciding import Decision, decide
from pipeline.alerts.incidents import Incident, State
from pipeline.alerts.live import what_holds
from pipeline.alerts.message import Content, Kind
from pipeline.alerts.outbox import drop_old, post
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal
from pipeline.alerts.silences import acknowledgements, silences_in_force
from pipeline.alerts.unfinished import with_posted
from pipeline.alerts.wording import headline, kind_of, messages_of, ranked
from pipeline.answers.nights.given import as_of
from pipeline.answers.reader import Reader, records
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.alerts import OUTBOX
from pipeline.tables.derive import spark_schema
from pipeline.tables.incidents import INCIDENT_TABLES, INCIDENTS, SAID_OF_ALERTS

__all__ = ["Made", "decide_now", "make_decision", "remember_said"]


@dataclass(frozen=True, slots=True)
class Made:
    """A decision, what it was made on, and how many messages came of it."""

    decision: Decision
    signals: Sequence[Signal]
    posted: int

    def record(self) -> dict[str, int]:
        """It in numbers."""
        states = Counter(incident.state for incident in self.decision.incidents)
        return {
            "holds": len(self.signals),
            "open": states[State.OPEN],
            "told": len(self.decision.told),
            "digests": len(self.decision.digests),
            "held": len(self.decision.held),
            "messages": self.posted,
        }

    def sentence(self, listing: str, delivery: str) -> str:
        """It in a line, with the commands that go on from there."""
        counts = self.record()
        to_nobody = sum(not told.notice.channels for told in self.decision.told)
        unsent = (
            f"; {to_nobody:,} go to no channel: alerts.to of rightrun.yml names some"
            if to_nobody
            else ""
        )
        waiting = "" if not self.posted else f"; {self.posted:,} messages wait: {delivery}"
        return (
            f"Alerts: {counts['open']:,} open incidents, {counts['told']:,} news of them{waiting}{unsent}. See"
            f" them: {listing}"
        )


def decide_now(
    spark: SparkSession,
    lakehouse: Lakehouse,
    reader: Reader,
    settings: AlertSettings,
    now: datetime,
    *,
    is_between_nights: bool = False,
) -> Made | None:
    """Decide at the time `now` on the last night, and on what was seen since. The caller holds the outbox. None
    where no night has forecast a run yet, and where a later night has been decided on."""
    night_at = as_of(reader)
    if night_at is None:
        return None
    return make_decision(
        spark,
        lakehouse,
        reader,
        Policy(settings),
        now=now,
        night_at=night_at,
        is_between_nights=is_between_nights,
    )


def make_decision(
    spark: SparkSession,
    lakehouse: Lakehouse,
    reader: Reader,
    policy: Policy,
    *,
    now: datetime,
    night_at: datetime,
    is_between_nights: bool = False,
) -> Made | None:
    """Decide on what holds in Gold and on what was seen since, post what people are told, and remember it. The
    caller holds the outbox. What can wait, waits for a night: between nights no digest is made.

    None where a later night has been decided on: what an earlier one says is no news.
    """
    for table in (*INCIDENT_TABLES, OUTBOX):
        lakehouse.create(table)
    remembered = records(reader, "alerts", "incidents")
    # A time that is yet to come was a wrong clock's.
    if any(night_at < row["as_of"] <= now for row in remembered):
        return None
    said = records(reader, "alerts", "said")
    taken = acknowledgements(said, now)
    before = [_incident(row, taken) for row in remembered]
    digested = frozenset(key for row in remembered for key in row["digested"])
    held = what_holds(reader, night_at, now)
    signals = held.signals
    silences = silences_in_force(said, now)

    def decided(incidents: Sequence[Incident]) -> Decision:
        return decide(
            incidents, signals, policy, silences, now=now, as_of=night_at, digested=digested, ended=held.ended
        )  # fmt: skip

    decision = decided(before)
    posted_before = records(reader, "alerts", "unremembered")
    again = {(one.incident.incident_id, one.notice.number, kind_of(one)) for one in decision.told}
    if others := [
        row
        for row in posted_before
        if (row["incident_key"], row["sequence"], row["kind"]) not in again
    ]:
        decision = decided(with_posted(before, others, signals))
    if is_between_nights:
        decision = replace(decision, digests=())
    headlines = {
        row["incident_key"]: Content.from_json(row["content"]).headline
        for row in posted_before
        if row["kind"] == Kind.OPENED
    } | {row["incident_id"]: row["headline"] for row in remembered}
    messages = messages_of(
        decision,
        headlines=headlines,
        now=now,
        as_of=night_at,
        quiet=policy.quiet,
        ended=held.ended,
    )
    posted = post(spark, lakehouse, messages)
    rows_before = {row["incident_id"]: row for row in remembered}
    digested |= {one.key for digest in decision.digests for one in digest.signals}
    rows = _rows(decision, signals, rows_before, digested, now, night_at)
    if rows:
        lakehouse.merge(INCIDENTS, spark.createDataFrame(rows, schema=spark_schema(INCIDENTS)))
    if not is_between_nights:
        drop_old(spark, lakehouse, reader, now)
    return Made(decision, signals, posted)


def remember_said(
    spark: SparkSession,
    lakehouse: Lakehouse,
    kind: str,
    subject: str,
    until: datetime | None,
    *,
    by: str,
    why: str,
    at: datetime,
) -> None:
    """Write down what a person says of alerts. The caller holds the outbox."""
    lakehouse.create(SAID_OF_ALERTS)
    row = (kind, subject, at, until, by, why)
    lakehouse.merge(
        SAID_OF_ALERTS, spark.createDataFrame([row], schema=spark_schema(SAID_OF_ALERTS))
    )


def _incident(row: Mapping[str, Any], taken: Mapping[str, str]) -> Incident:
    return Incident(
        cause=row["cause"],
        team=row["team"],
        opening=row["opening"],
        state=State(row["state"]),
        tier=row["tier"],
        began_at=row["began_at"],
        told_at=row["told_at"],
        last_told_at=row["last_told_at"],
        told_tier=row["told_tier"],
        quiet_since=row["quiet_since"],
        messages=row["messages"],
        returns=row["returns"],
        is_return_told=row["is_return_told"],
        told=tuple(row["told"]),
        holding=tuple(row["holding"]),
        has_end=row["has_end"],
        held_by=row["held_by"],
        acknowledged_by=taken.get(row["incident_id"], ""),
        channels=tuple(row["channels"]),
    )


def _rows(
    decision: Decision,
    signals: Iterable[Signal],
    remembered: Mapping[str, Mapping[str, Any]],
    digested: frozenset[str],
    now: datetime,
    as_of: datetime,
) -> list[tuple[Any, ...]]:
    """What differs from what is remembered: an incident that is over, and was, does not."""
    by_key = {one.key: one for one in signals}
    rows = []
    for incident in decision.incidents:
        earlier = remembered.get(incident.incident_id)
        if earlier is not None and earlier["state"] == incident.state == State.OVER:
            continue
        holding = [by_key[key] for key in incident.holding if key in by_key]
        words = _words(holding, incident, earlier)
        values = words | {
            "incident_id": incident.incident_id,
            "digested": sorted(digested.intersection(incident.holding)),
            "told": list(incident.told),
            "channels": list(incident.channels),
            "holding": list(incident.holding),
            "state": str(incident.state),
            "as_of": as_of,
            "decided_at": now,
        }
        rows.append(
            tuple(
                values[name] if name in values else getattr(incident, name)
                for name in INCIDENTS.column_names
            )
        )
    return rows


def _words(
    holding: Sequence[Signal], incident: Incident, earlier: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What the incident is called: as it was last where nothing of it holds any more."""
    if not holding:
        return {name: earlier[name] if earlier else "" for name in ("headline", "sentence", "url")}
    first = ranked(holding, incident.cause)[0]
    return {
        "headline": headline(holding, incident.cause),
        "sentence": first.sentence,
        "url": first.url,
    }
