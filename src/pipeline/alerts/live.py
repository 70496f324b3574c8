"""What holds now: what the last night has found, and what the Jobs API has shown since.

Of one condition of one job the newer evidence counts. What the API shows to have ended, or to go well, holds no
more. Runs that the system tables have told of are theirs: each of the answers leaves them out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pipeline.alerts.signals import Signal, night_signals, signal_of, with_causes
from pipeline.answers.answer import Answer
from pipeline.answers.reader import Reader

__all__ = ["Held", "what_holds"]

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """The signals, with their causes; and of what was seen to hold no more, when that was."""

    signals: list[Signal]
    ended: Mapping[str, datetime]


def what_holds(reader: Reader, night_at: datetime, now: datetime) -> Held:
    """All that hold now, as of a night's time and of what the Jobs API has shown since."""
    since = (night_at - _DAY).isoformat(sep=" ")
    failed = _rows(reader, "failed")
    live = [signal_of("failed", row) for row in failed if row["is_failing"]]
    live += [signal_of("at_risk", row) for row in _rows(reader, "at_risk", since=since)]
    live += [signal_of("missed", _judged(row)) for row in _rows(reader, "missed", since=since)]
    night = night_signals(reader, night_at, now)
    ended = dict(_ended(night, failed, _rows(reader, "replaced")))
    return Held(with_causes(reader, _newest(night, live, ended)), ended)


def _rows(reader: Reader, name: str, **given: str) -> list[dict[str, Any]]:
    return reader.read(Answer.of_file("live", name), **given).records


def _judged(row: Mapping[str, Any]) -> dict[str, Any]:
    """By how much a run was late; nothing for one that goes on."""
    if row["ended_at"] is None:
        late = None
    elif row["over_limit_seconds"] is not None:
        late = row["over_limit_seconds"]
    else:
        late = (row["ended_at"] - row["due_at"]).total_seconds()
    return {**row, "late_seconds": late}


def _ended(
    night: Iterable[Signal],
    failed: Iterable[Mapping[str, Any]],
    replaced: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, datetime]]:
    """Keys of what does not hold, as the API has shown, each with when."""
    for row in failed:
        if not row["is_failing"]:
            yield f"failed {row['series_key']}", row["live_at"]
    seen = {
        (row["condition"], row["series_key"], row["run_id"]): row["live_at"] for row in replaced
    }
    of_night = {one.key: one for one in night}
    for (condition, series_key, run_id), live_at in seen.items():
        key = f"{condition} {series_key}"
        # A run that a night saw at risk may be another than those that have ended.
        known = of_night.get(key) if condition == "at_risk" else None
        if known is None or known.run_id == run_id:
            yield key, live_at


def _newest(
    night: Iterable[Signal], live: Iterable[Signal], ended: Mapping[str, datetime]
) -> list[Signal]:
    """One signal of each key. A miss is one more beside those that a night has counted."""
    signals = {one.key: one for one in night if one.key not in ended}
    for one in live:
        before = signals.get(one.key)
        if before is not None and one.condition == "missed":
            began_at = min(one.began_at, before.began_at)
            signals[one.key] = replace(one, times=one.times + before.times, began_at=began_at)
        else:
            signals[one.key] = one
    return list(signals.values())
