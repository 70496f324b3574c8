"""Incidents as they are remembered between decisions, and a decision carried out.

Messages are posted before incidents are written: a decision that is killed in between is made again from the
same memory, and its messages have the same ids, which nobody posts twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession

from pipeline.alerts.deciding import Decision, decide
from pipeline.alerts.incidents import Incident, State
from pipeline.alerts.outbox import post
from pipeline.alerts.policy import Policy
from pipeline.alerts.signals import Signal, read_signals
from pipeline.alerts.silences import acknowledgements, silences_in_force
from pipeline.alerts.wording import headline, messages_of, ranked
from pipeline.answers.reader import Reader, records
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.derive import spark_schema
from pipeline.tables.incidents import INCIDENT_TABLES, INCIDENTS

__all__ = ["Made", "make_decision"]


class Made:
    """A decision, and what came of it."""

    def __init__(self, decision: Decision, signals: Sequence[Signal], posted: int) -> None:
        self.decision = decision
        self.signals = signals
        self.posted = posted


def make_decision(
    spark: SparkSession,
    lakehouse: Lakehouse,
    reader: Reader,
    policy: Policy,
    *,
    now: datetime,
    as_of: datetime,
) -> Made:
    """Decide on what holds in Gold, post what people are told, and remember it. The caller holds the outbox."""
    for table in INCIDENT_TABLES:
        lakehouse.create(table)
    remembered = records(reader, "alerts", "incidents")
    said = records(reader, "alerts", "said")
    taken = acknowledgements(said, now)
    before = [_incident(row, taken) for row in remembered]
    digested = frozenset(key for row in remembered for key in row["digested"])
    signals = read_signals(reader, as_of)
    decision = decide(
        before,
        signals,
        policy,
        silences_in_force(said, now),
        now=now,
        as_of=as_of,
        digested=digested,
    )
    headlines = {row["incident_id"]: row["headline"] for row in remembered}
    messages = messages_of(
        decision,
        headlines=headlines,
        now=now,
        as_of=as_of,
        quiet=policy.quiet,
    )
    posted = post(spark, lakehouse, messages)
    rows = _rows(decision, signals, {row["incident_id"]: row for row in remembered}, now, as_of)
    if rows:
        lakehouse.merge(INCIDENTS, spark.createDataFrame(rows, schema=spark_schema(INCIDENTS)))
    return Made(decision, signals, posted)


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
    )


def _rows(
    decision: Decision,
    signals: Iterable[Signal],
    remembered: Mapping[str, Mapping[str, Any]],
    now: datetime,
    as_of: datetime,
) -> list[tuple[Any, ...]]:
    """What differs from what is remembered: an incident that is over, and was, does not."""
    by_key = {one.key: one for one in signals}
    digested = {one.key for digest in decision.digests for one in digest.signals}
    rows = []
    for incident in decision.incidents:
        earlier = remembered.get(incident.incident_id)
        if earlier is not None and earlier["state"] == incident.state == State.OVER:
            continue
        holding = [by_key[key] for key in incident.holding if key in by_key]
        listed = {*(earlier["digested"] if earlier else ()), *digested}
        words = _words(holding, incident, earlier)
        values = words | {
            "incident_id": incident.incident_id,
            "digested": sorted(listed.intersection(incident.holding)),
            "told": list(incident.told),
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
