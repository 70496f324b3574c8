"""SLAs as they are in force, with what was decided since the last night."""

from typing import Any, Final

from pipeline.sla.terms import read_terms

__all__ = ["with_pending"]

Record = dict[str, Any]

_OUTRANKED: Final = (None, "accepted", "timeout")
"""Where an SLA may be from for an accepted one to come before it: see `pipeline.sla.precedence`."""
_OF_THE_DECISION: Final = ("decided_by", "decided_at", "evidence")


def with_pending(slas: list[Record]) -> list[Record]:
    """Rows of `sla/slas.sql` that have an SLA: the one that the last night saw, or the one decided since
    then that the next night will put in its place."""
    rows = [_pending(sla) or _in_force(sla) for sla in slas]
    return [row for row in rows if row["sla_kind"] is not None]


def _pending(sla: Record) -> Record | None:
    """The row with the SLA that was decided since the last night; None where nothing comes of it."""
    is_new = sla["from_next_night"] and sla["decided_terms"] is not None
    if not is_new or sla["sla_source"] not in _OUTRANKED:
        return None
    try:
        terms = read_terms(sla["decided_terms"])
    except ValueError:  # It will be left aside: `futile_decisions` says so.
        return None
    return sla | {
        "sla_kind": terms.kind,
        "sla_limit_seconds": terms.limit_seconds,
        "sla_time_of_day": terms.time_of_day,
        "sla_timezone": terms.timezone,
        "sla_source": sla["decided_source"],
    }


def _in_force(sla: Record) -> Record:
    """The row as the last night saw it, and who decided it where a decision is its source."""
    if not sla["from_next_night"] and sla["sla_source"] == sla["decided_source"]:
        return sla
    return sla | dict.fromkeys(_OF_THE_DECISION) | {"from_next_night": False}
