"""What the tasks of one night tell each other, each of which runs some of its stages.

The first task fixes the time that the night speaks of and the versions it goes on from; later ones, and
one that is run again, find them and add what they did. One row of `ops.positions` has it all, since only
one night goes on at a time: the next one takes its place. Of a night whose place was taken, a task that
comes late begins anew, from how tables stand by then.
"""

import json
from collections import Counter
from dataclasses import fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from pipeline.bronze.flaws import Flaws
from pipeline.nightly.outcome import Night, Standpoint
from pipeline.nightly.positions import Positions
from pipeline.nightly.step_run import StepReport
from pipeline.tables.catalogue import TABLES
from pipeline.tables.source import SOURCE_TABLES

__all__ = ["forget", "is_of_this_release", "remember", "resumed"]

_READER: Final = "night"
_INPUT: Final = "in progress"
_NONE: Final = ""
_DECLARED: Final = {table.full_name: table for table in TABLES}
_SOURCES: Final = {table.name: table for table in SOURCE_TABLES}
_REPORTED: Final = tuple(one.name for one in fields(StepReport) if one.name != "table")


def resumed(positions: Positions, name: str) -> Night | None:
    """The night called `name` as its tasks have left it; None where none has begun, and where another has
    taken its place."""
    stored = _stored(positions)
    if stored.get("name") != name:
        return None
    standpoint = Standpoint(
        as_of=datetime.fromisoformat(stored["as_of"]),
        last_cost_day=_day(stored["last_cost_day"]),
        previous={
            _DECLARED[table]: version
            for table, version in stored["previous"].items()
            if table in _DECLARED
        },
    )
    return Night(
        night_id=stored["night_id"],
        name=name,
        standpoint=standpoint,
        reports=[_report(one) for one in stored["reports"] if one["table"] in _DECLARED],
        flaws=[_flaws(one) for one in stored["flaws"] if one["table"] in _SOURCES],
        seconds=stored["seconds"],
    )


def is_of_this_release(positions: Positions) -> bool:
    """Whether the tables were declared as they are now when the night began: then all of them are there. A
    task may be repaired by a newer release than began its night."""
    return _stored(positions).get("declared") == _declared()


def remember(positions: Positions, night: Night) -> None:
    """Keep `night` for its next task, where it has a name and stands on anything yet."""
    if night.name is None or night.standpoint is None:
        return
    stored = {
        "name": night.name,
        "declared": _declared(),
        "night_id": night.night_id,
        "as_of": night.standpoint.as_of.isoformat(),
        "last_cost_day": night.standpoint.last_cost_day,
        "previous": _by_name(night.standpoint.previous),
        "reports": [_stored_report(report) for report in night.reports],
        "flaws": [_stored_flaws(flaws) for flaws in night.flaws],
        "seconds": night.seconds,
    }
    positions.set_all(_READER, {_INPUT: json.dumps(stored, default=str)})


def forget(positions: Positions) -> None:
    """A night of one process begins: that of tasks, where one went on, has lost its place."""
    if positions.of(_READER, _INPUT):
        positions.set_all(_READER, {_INPUT: _NONE})


def _stored(positions: Positions) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(positions.of(_READER, _INPUT) or "{}")
    return stored


def _declared() -> str:
    """Another one for other declarations of tables."""
    return sha256(repr(TABLES).encode()).hexdigest()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _by_name(versions: Any) -> dict[str, int]:
    return {table.full_name: version for table, version in versions.items()}


def _stored_report(report: StepReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in _REPORTED} | {"table": report.table.full_name}


def _report(stored: dict[str, Any]) -> StepReport:
    return StepReport(**{**stored, "table": _DECLARED[stored["table"]]})


def _stored_flaws(flaws: Flaws) -> dict[str, Any]:
    return {one.name: getattr(flaws, one.name) for one in fields(Flaws)} | {
        "table": flaws.table.name
    }


def _flaws(stored: dict[str, Any]) -> Flaws:
    return Flaws(
        **{
            **stored,
            "table": _SOURCES[stored["table"]],
            "why_rejected": Counter(stored["why_rejected"]),
            "why_partial": Counter(stored["why_partial"]),
            "absent": tuple(stored["absent"]),
        }
    )
