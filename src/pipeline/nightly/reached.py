"""How far sources have come: the time that whatever is said from them speaks of.

Of one source it is the newest time that its rows tell, but for those of a wrong clock:

- A row that tells of a time after it arrived is ahead of the clock, and does not count.
- Nor do the last rows where they are of one run, or one record, alone and come after a silence more
  than twice as long as any in the days before. A source that has told of few hours yet is believed.

Both follow from what bronze holds, in whatever order it came. What was not believed counts as soon as
another run, or record, tells of the same time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from pyspark.sql import functions as F

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.ingestion import newest_observed_at
from pipeline.nightly.positions import Positions
from pipeline.tables import bronze
from pipeline.tables.declaration import SourceTable
from pipeline.tables.source import SOURCE_TABLES, USAGE

__all__ = ["Reached", "all_reached", "last_cost_day", "last_whole_day", "reached", "shared_time"]

_CLOCKS: Final = tuple(table for table in SOURCE_TABLES if table.required or table is USAGE)
"""Sources whose time what is said of runs, and of costs, speaks of."""

_READER: Final = "reached"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_MICROS: Final = 3_600_000_000
_DAYS: Final = 2
_DAYS_OF_SILENCES: Final = 15
_FEW_HOURS: Final = 10


@dataclass(frozen=True, slots=True)
class Reached:
    """Of a source that has told of any time: the time it has reached, and the newest it has told."""

    at: datetime
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class _Hour:
    """What rows tell of one hour: the newest time, the newest arrival, and of whom they are."""

    number: int
    newest_us: int
    arrived_us: int
    least: int
    greatest: int

    @property
    def of_one(self) -> int | None:
        """The one whom all the rows are of; None where they are of several."""
        return self.least if self.least == self.greatest else None


def all_reached(lakehouse: Lakehouse, positions: Positions) -> dict[SourceTable, Reached]:
    """How far the sources have come that verdicts stand on."""
    times = {table: reached(lakehouse, positions, table) for table in _CLOCKS}
    return {table: reach for table, reach in times.items() if reach is not None}


def shared_time(times: Mapping[SourceTable, Reached], positions: Positions) -> datetime | None:
    """The newest time that the required sources share; of an account without runs, of all others."""
    required = [reach.at for table, reach in times.items() if table.required]
    if required:
        return min(required)
    newest = filter(None, (newest_observed_at(positions, table) for table in SOURCE_TABLES))
    return max(newest, default=None)


def last_cost_day(times: Mapping[SourceTable, Reached], as_of: datetime | None) -> date | None:
    """The last day whose usage has been billed in full, and that is over at the time asked for."""
    if USAGE not in times:
        return None
    day = last_whole_day(USAGE, times[USAGE].at)
    return day if as_of is None else min(day, as_of.date() - timedelta(days=1))


def reached(lakehouse: Lakehouse, positions: Positions, table: SourceTable) -> Reached | None:
    """How far a dated source has come, worked out anew when bronze has changed; None without rows."""
    version = lakehouse.version(bronze.BRONZE_OF[table.name])
    remembered = positions.of(_READER, table.name)
    if remembered is not None:
        stored = json.loads(remembered)
        if stored["version"] == version:
            return Reached(*(datetime.fromisoformat(stored[name]) for name in ("at", "newest_at")))
    fresh = _work_out(lakehouse, table)
    if fresh is not None:
        stored = {"version": version, "at": str(fresh.at), "newest_at": str(fresh.newest_at)}
        positions.set_all(_READER, {table.name: json.dumps(stored)})
    return fresh


def last_whole_day(table: SourceTable, at: datetime) -> date:
    """The last UTC day of which no more rows are to come, of a source that has reached `at`."""
    return (at - timedelta(hours=table.late_hours)).date() - timedelta(days=1)


def _work_out(lakehouse: Lakehouse, table: SourceTable) -> Reached | None:
    counted = lakehouse.partition_rows(bronze.BRONZE_OF[table.name])
    days = sorted(day for day, rows in counted.items() if day is not None and rows)
    if not days:
        return None
    on_time, ahead = _hours(lakehouse, table, days[-_DAYS:][0])
    if not on_time or on_time[-1].of_one is not None:
        on_time, ahead = _hours(lakehouse, table, days[-_DAYS_OF_SILENCES:][0])
    # Where all are ahead, the clock here is behind: no time is truer than that of their arrival.
    at = _believed(on_time) if on_time else max(hour.arrived_us for hour in ahead)
    newest = max(hour.newest_us for hour in (*on_time, *ahead))
    return Reached(_moment(at), _moment(newest))


def _hours(
    lakehouse: Lakehouse, table: SourceTable, since: date
) -> tuple[list[_Hour], list[_Hour]]:
    """The hours that rows since a day tell of, in order: by rows on time, and by those ahead."""
    who = [name for name in table.keys if name not in (table.interval or ())]
    rows = (
        lakehouse.read(bronze.BRONZE_OF[table.name])
        .where(F.col(bronze.PARTITION) >= F.lit(since))
        .select(
            F.unix_micros(str(table.observed_at)).alias("at_us"),
            F.unix_micros("first_seen_at").alias("arrived_us"),
            F.xxhash64(*who).alias("who"),
        )
    )
    hours = (
        rows.groupBy(
            F.floor(F.col("at_us") / _HOUR_MICROS).alias("number"),
            (F.col("at_us") > F.col("arrived_us")).alias("is_ahead"),
        )
        .agg(
            F.max("at_us").alias("newest_us"),
            F.max("arrived_us").alias("arrived_us"),
            F.min("who").alias("least"),
            F.max("who").alias("greatest"),
        )
        .orderBy("number")
        .collect()
    )
    on_time, ahead = (
        [
            _Hour(*(row[name] for name in _Hour.__dataclass_fields__))
            for row in hours
            if row["is_ahead"] is is_ahead
        ]
        for is_ahead in (False, True)
    )
    return on_time, ahead


def _believed(hours: Sequence[_Hour]) -> int:
    """The newest time that is not told by one alone after a silence without example."""
    alone = hours[-1].of_one
    first = len(hours)
    while alone is not None and first and hours[first - 1].of_one == alone:
        first -= 1
    others, rest = hours[:first], hours[first:]
    if len(others) >= _FEW_HOURS:
        longest = max(later.number - earlier.number for earlier, later in pairwise(others))
        for earlier, later in pairwise([others[-1], *rest]):
            if later.number - earlier.number > 2 * longest:
                return earlier.newest_us
    return hours[-1].newest_us


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
