"""Incidents, messages and what people say of them, of every kind that the page of alerts tells apart."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession

from pipeline.tables.alerts import DELIVERIES, OUTBOX
from pipeline.tables.declaration import Table
from pipeline.tables.derive import spark_schema
from pipeline.tables.incidents import INCIDENTS, SAID_OF_ALERTS
from tests.alerts.messages import HOSTILE

_FAILED: Final = "job/{}@growth#1"


def planted_alerts(
    spark: SparkSession, at: datetime, jobs: Sequence[str]
) -> dict[Table, DataFrame]:
    """Rows of each table of alerts as they would be at the time `at`, about the first two of `jobs`, by key."""
    first, second = jobs[:2]
    rows: dict[Table, list[dict[str, Any]]] = {
        INCIDENTS: _incidents(at, first, second),
        SAID_OF_ALERTS: _said(at, first, second),
        OUTBOX: _outbox(at, first),
        DELIVERIES: _deliveries(at),
    }
    return {
        table: spark.createDataFrame(
            [tuple(row.get(name) for name in table.column_names) for row in of_table],
            spark_schema(table),
        )
        for table, of_table in rows.items()
    }


def _incidents(at: datetime, first: str, second: str) -> list[dict[str, Any]]:
    def incident(cause: str, team: str, hours: int, **other: Any) -> dict[str, Any]:
        began_at = at - timedelta(hours=hours)
        opening = other.get("opening", 1)
        return {
            "incident_id": f"{cause}@{team}#{opening}",
            "cause": cause,
            "team": team,
            "opening": 1,
            "state": "watched",
            "tier": 2,
            "headline": HOSTILE[hours % len(HOSTILE)].encode(errors="replace").decode(),
            "sentence": "It failed.",
            "url": "https://w.example/jobs/1",
            "began_at": began_at,
            "messages": 0,
            "returns": 0,
            "is_return_told": False,
            "told": [],
            "holding": [f"failed {first}"],
            "digested": [],
            "has_end": True,
            "held_by": "",
            "acknowledged_by": "",
            "channels": [],
            "as_of": at,
            "decided_at": at,
        } | other

    def told(hours: int, tier: int, **other: Any) -> dict[str, Any]:
        then = at - timedelta(hours=hours)
        named = {"state": "open", "told_tier": tier, "tier": tier, "told_at": then, "messages": 1}
        named |= {"channels": ["mail"]}
        return named | {"last_told_at": then, "told": [f"failed {first}"]} | other

    return [
        incident(f"job/{first}", "growth", 3, **told(3, 1)),
        incident(
            f"job/{second}", "", 30,
            **told(30, 2, returns=3, quiet_since=at, told=[f"failed {second}", f"missed {second}"]),
        ),
        incident("platform/CLOUD_FAILURE", "platform", 5, url="javascript:alert(1)", **told(5, 3)),
        incident(f"job/{second}", "growth", 6, held_by=f"incident {_FAILED.format(first)}"),
        incident(f"job/{first}", "ml", 7, held_by="silence by <b>ann</b> until 2030-01-01T00:00:00"),
        incident("source/lakeflow.jobs", "platform", 8, held_by="late source lakeflow.jobs"),
        incident(f"job/{second}", "ml", 9),
        incident(f"job/{first}", "ml", 250, opening=2, **told(240, 2, state="over", holding=[])),
    ]  # fmt: skip


def _said(at: datetime, first: str, second: str) -> list[dict[str, Any]]:
    def words(kind: str, subject: str, since: int, until: int | None) -> dict[str, Any]:
        return {
            "kind": kind,
            "subject": subject,
            "decided_at": at - timedelta(hours=since),
            "until_at": None if until is None else at + timedelta(hours=until),
            "decided_by": "<script>document.title = 'taken'</script>",
            "why": HOSTILE[2],
        }

    return [
        words("acknowledged", f"incident:{_FAILED.format(first)}", 1, 1_000),
        words("silence", f"job:{first}", 9, 4),
        words("silence", "team:<svg onload=alert(1)>", 8, 3),
        words("silence", f"job:{second}", 7, -1),
        words("silence", "condition:failed", 6, 100),
        words("silence", "condition:failed", 5, None),
    ]


_MESSAGES: Final = (
    ("a/1", True, "slack", "opened", 3, ("delivered", 1, None)),
    ("a/2", True, "mail", "opened", 3, ("dead", 1, "rejected")),
    ("a/3", True, "slack", "updated", 2, ("pending", 4, "server_error")),
    ("b/1", False, "mail", "digest", 2, None),
    ("c/1", False, "mail", "report", 30, ("delivered", 2, None)),
    ("d/1", True, "=cmd|' /C calc'!A0", "resolved", 230, ("dead", 9, "timeout")),
)
"""Id, whether it is of the first incident, channel, kind, hours since it was decided, and how far it has come."""


def _outbox(at: datetime, first: str) -> list[dict[str, Any]]:
    return [
        {
            "message_id": name,
            "incident_key": _FAILED.format(first) if is_of_incident else None,
            "sequence": 1,
            "channel": channel,
            "kind": kind,
            "tier": "P1" if is_of_incident else None,
            "team": "growth" if is_of_incident else None,
            "decided_at": at - timedelta(hours=hours),
            "as_of": at,
            "content": "{}",
        }
        for name, is_of_incident, channel, kind, hours, _ in _MESSAGES
    ]


def _deliveries(at: datetime) -> list[dict[str, Any]]:
    rows = []
    for name, _, _, _, hours, progress in _MESSAGES:
        if progress is not None:
            state, attempts, reason = progress
            tried_at = at - timedelta(hours=hours)
            rows.append(
                {
                    "message_id": name,
                    "state": state,
                    "attempts": attempts,
                    "reason": reason,
                    "first_attempted_at": tried_at,
                    "last_attempted_at": tried_at,
                    "next_attempt_at": at if state == "pending" else None,
                    "delivered_at": tried_at if state == "delivered" else None,
                }
            )
    return rows
