"""Intervals cut into the slices that a timeline shows, by either rule of cutting.

Since 2026-01-19 slices end at clock hours; before, an interval was cut into hours counted from its
own start. An interval that was open at the switch is cut by the old rule up to it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from simulator.clock import HOUR_US, Bools, Ints, us_of
from simulator.columnar import take_rows

SWITCH_US = us_of(datetime(2026, 1, 19, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Slices:
    """Pieces of intervals: `owner` is the interval; whether the piece begins and ends it."""

    owner: Ints
    start_us: Ints
    end_us: Ints
    first: Bools
    last: Bools

    @property
    def size(self) -> int:
        return len(self.owner)


def cut(start_us: Ints, end_us: Ints, *, switches: bool) -> Slices:
    """Slices as the source writes them; at clock hours throughout unless it `switches`."""
    if not switches or not len(start_us) or int(start_us.min()) >= SWITCH_US:
        return cut_at_hours(start_us, end_us)
    before = np.flatnonzero(start_us < SWITCH_US)
    after = np.flatnonzero(end_us > SWITCH_US)
    after = np.union1d(after, np.flatnonzero(start_us >= SWITCH_US))
    old = _cut(start_us[before], np.minimum(end_us[before], SWITCH_US), start_us[before])
    new = cut_at_hours(np.maximum(start_us[after], SWITCH_US), end_us[after])
    owner = np.concatenate([before[old.owner], after[new.owner]])
    crosses = (start_us < SWITCH_US) & (end_us > SWITCH_US)
    pieces = Slices(
        owner,
        np.concatenate([old.start_us, new.start_us]),
        np.concatenate([old.end_us, new.end_us]),
        np.concatenate([old.first, new.first & ~crosses[after[new.owner]]]),
        np.concatenate([old.last & ~crosses[before[old.owner]], new.last]),
    )
    return take_rows(pieces, np.argsort(owner, kind="stable"))


def cut_at_hours(start_us: Ints, end_us: Ints) -> Slices:
    """Each interval in pieces that end at clock hours; an empty interval is one empty piece."""
    return _cut(start_us, end_us, np.zeros_like(start_us))


def _cut(start_us: Ints, end_us: Ints, origin_us: Ints) -> Slices:
    """Pieces that end at whole hours after `origin_us`."""
    first_hour = (start_us - origin_us) // HOUR_US
    last_hour = np.maximum(first_hour, -(-(end_us - origin_us) // HOUR_US) - 1)
    counts = last_hour - first_hour + 1
    owner = np.repeat(np.arange(len(start_us)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    hour = first_hour[owner] + within
    last = hour == last_hour[owner]
    return Slices(
        owner,
        np.maximum(start_us[owner], origin_us[owner] + hour * HOUR_US),
        np.where(last, end_us[owner], origin_us[owner] + (hour + 1) * HOUR_US),
        within == 0,
        last,
    )
