"""From a source into bronze: each row received is kept, known already, or quarantined, and why.

    received = new + changed + rejected + duplicates + expired

holds for every table of every night. They are counted apart, and what the lakehouse says it has
written is held against them; a night in which they disagree stops, since a row lost without a trace
is the worst thing a monitor can do. A row has expired when it belongs to days that bronze has
summarised and dropped.

Of two rows with one key and different content the stronger is kept (`conform.strength`) and the
other quarantined, whichever came first. So bronze depends on what was delivered, not on the order,
the grouping or how often.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from threading import Lock
from typing import Any, Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.bronze.conform import (
    CONTENT_HASH,
    KEY_HASH,
    PROBLEM,
    ROW_JSON,
    UNREAD,
    as_received,
    as_rejected,
    conform,
    judgements,
    kept_columns,
    strength,
    with_content,
    with_key_hash,
)
from pipeline.bronze.duplicates import OnePerKey, one_per_key
from pipeline.bronze.flaws import Flaws, absent_columns, flaws_of
from pipeline.bronze.quarantine import quarantine
from pipeline.engine.side_by_side import AT_ONCE
from pipeline.errors import UserError
from pipeline.lakehouse.protocol import MOST_LISTED_DAYS, Lakehouse, Written
from pipeline.sources.protocol import Batch, Delivery, Source
from pipeline.tables import bronze
from pipeline.tables.declaration import Arrival, SourceTable
from pipeline.tables.source import SOURCE_TABLES

_WEAKER = "another row with the same key says more and was kept"
_VERDICT = "verdict"
_KNOWN = "known_strength"
_HASH = "hash"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ON_TIME = timedelta(days=1)
_NEW, _CHANGED, _SAME, _WORSE = "new", "changed", "same", "worse"


class Positions(Protocol):
    """Remembers how far each source table has been read."""

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one delivery of one table."""

    table: SourceTable
    seconds: float
    version: int
    flaws: Flaws
    received: int = 0
    kept_new: int = 0
    kept_changed: int = 0
    gone: int = 0
    rejected: int = 0
    duplicates: int = 0
    expired: int = 0
    late: int = 0
    """New rows that speak of a time more than a day before the newest known before."""
    newest_observed_at: datetime | None = None

    def plus(self, more: "Ingested") -> "Ingested":
        """Both batches together; the version is that of the later one."""
        newest = max(filter(None, (self.newest_observed_at, more.newest_observed_at)), default=None)
        summed = {name: getattr(self, name) + getattr(more, name) for name in _COUNTS}
        return replace(more, newest_observed_at=newest, flaws=self.flaws.plus(more.flaws), **summed)


_COUNTS = (
    "received",
    "kept_new",
    "kept_changed",
    "gone",
    "rejected",
    "duplicates",
    "expired",
    "late",
)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a table from earlier nights."""

    dropped_before: date | None = None
    """Older days have been summarised and dropped."""
    newest_observed_at: datetime | None = None


def ingest(
    source: Source,
    lakehouse: Lakehouse,
    positions: Positions,
    *,
    now: datetime,
    tables: tuple[SourceTable, ...] = SOURCE_TABLES,
    past: Callable[[SourceTable], Past] = lambda _table: Past(),
) -> Iterator[Ingested]:
    """Ingest the tables, some at a time, and tell of each in turn; UserError from the source before
    the first row of a table is written."""
    quarantining = Lock()

    def read(table: SourceTable) -> tuple[Ingested, str | None]:
        began = time.perf_counter()
        delivery = source.read(table, positions.get(table.name))
        if delivery is None:
            version = lakehouse.version(bronze.BRONZE_OF[table.name])
            done = Ingested(table, 0.0, version, Flaws(table))
        else:
            taking = _Taking(lakehouse, table, now, past(table), quarantining, delivery.replaced)
            done = _take(taking, delivery)
        seconds = time.perf_counter() - began
        return replace(done, seconds=seconds), None if delivery is None else delivery.position

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done, position in pool.map(read, tables):
            yield done
            if position is not None:
                # Only now: a night that stops before this reads the rows again, and finds them known.
                positions.set(done.table.name, position)


def _take(taking: "_Taking", delivery: Delivery) -> Ingested:
    try:
        done = reduce(Ingested.plus, (taking.take(batch) for batch in delivery.batches))
        taking.index()
        return done
    except UserError:
        raise
    except Exception as error:
        # Whatever the engine or the lakehouse makes of a damaged file, the source can name it.
        if reason := delivery.replaced() or delivery.damage():
            raise UserError(reason) from error
        raise


@dataclass(frozen=True)
class _Standing:
    """Rows received, each with its verdict against what bronze holds under the same key."""

    rows: DataFrame
    counts: dict[str, int]
    late: int = 0

    def of(self, *verdicts: str) -> DataFrame:
        return self.rows.where(F.col(_VERDICT).isin(*verdicts))

    def count(self, verdict: str) -> int:
        return self.counts.get(verdict, 0)


class _Taking:
    """One batch after another of one table on its way into bronze."""

    def __init__(
        self,
        lakehouse: Lakehouse,
        table: SourceTable,
        now: datetime,
        past: Past,
        quarantining: Lock,
        replaced: Callable[[], str],
    ) -> None:
        self._lakehouse = lakehouse
        self._table = table
        self._target = bronze.BRONZE_OF[table.name]
        self._now = now
        self._past = past
        self._quarantining = quarantining
        self._replaced = replaced

    def index(self) -> None:
        """Ready for the next delivery to ask on which days its keys are known."""
        if self._is_looked_up:
            self._lakehouse.index_days(self._target, self._table.identity)

    @property
    def _is_looked_up(self) -> bool:
        """Whether a key of this dated table may stand on any day."""
        return self._table.dated_by is not None and self._table.dated_by not in self._table.keys

    def take(self, batch: Batch) -> Ingested:
        with ExitStack() as staged:
            return self._take(batch, staged)

    def _take(self, batch: Batch, staged: ExitStack) -> Ingested:
        def stage(rows: DataFrame) -> DataFrame:
            return staged.enter_context(self._lakehouse.stage(rows))

        table = self._table
        parts = batch.parts
        if not batch.is_lasting:
            # Counted, compared and written are several readings: rows that land between two of them
            # would be in the later one only.
            parts = tuple(stage(_kept(table, part)) for part in parts)
        parts = tuple(conform(table, part, now=self._now) for part in parts)
        rows = reduce(DataFrame.unionByName, parts)
        seen = self._profile(rows)
        self._agree("rows delivered", batch.received, seen["received"])
        bad = seen["received"] - seen["good"] - seen["expired"]
        good = rows
        if bad:  # An engine spells out in the condition all that converts a row.
            good = good.where(F.col(PROBLEM).isNull())
        if seen["expired"]:
            good = good.where(~self._expired())
        good = good.drop(ROW_JSON, PROBLEM, UNREAD)
        unique = OnePerKey(good, count=seen["good"])
        if seen["keys"] < seen["good"]:
            # Telling copies apart reads the rows several times: they are converted once.
            unique = one_per_key(table, stage(good), seen["good"], stage)
        days = self._held_days(unique, seen.get("days"))
        standing = self._standing(unique, days, stage, seen)
        self._agree("rows compared", unique.count, sum(standing.counts.values()))
        rejected = []
        flaws = Flaws(table, seen["received"])
        if bad or seen["partial"]:
            judged = stage(judgements(rows))
            flaws = flaws_of(table, judged)
            rejected.append(as_received(judged))
        if unique.weaker is not None and unique.weaker_count:
            rejected.append(as_rejected(table, unique.weaker, _WEAKER))
        if standing.count(_WORSE):
            rejected.append(as_rejected(table, standing.of(_WORSE), _WEAKER))
        if standing.count(_CHANGED) and table.arrival is Arrival.APPEND:
            rejected.append(as_rejected(table, self._displaced(standing, days), _WEAKER))
        self._stop_if_replaced()
        self._quarantine(rejected)
        if table.arrival is Arrival.SNAPSHOT:
            written, moved = self._replace(unique, standing), 0
        else:
            written = self._add(standing)
            moved = written.deleted
        self._agree("rows inserted", standing.count(_NEW) + moved, written.inserted)
        self._agree("rows updated", standing.count(_CHANGED) - moved, written.updated)
        return Ingested(
            table,
            seconds=0.0,
            version=written.version,
            flaws=replace(flaws, absent=absent_columns(table, batch.parts)),
            received=seen["received"],
            kept_new=standing.count(_NEW),
            kept_changed=standing.count(_CHANGED),
            gone=written.deleted - moved,
            rejected=bad + unique.weaker_count + standing.count(_WORSE),
            duplicates=unique.copies + standing.count(_SAME),
            expired=seen["expired"],
            late=standing.late,
            newest_observed_at=_moment(seen.get("newest")),
        )

    def _profile(self, rows: DataFrame) -> dict[str, Any]:
        """What one pass over the keys and times of the delivery tells."""
        readable = F.col(PROBLEM).isNull()
        good = readable & ~self._expired()
        wanted = [
            F.count("*").alias("received"),
            F.count(F.when(good, True)).alias("good"),
            F.count(UNREAD).alias("partial"),
            F.count(F.when(readable & self._expired(), True)).alias("expired"),
            F.count(F.when(good & self._late(), True)).alias("late"),
            F.count_distinct(F.when(good, F.col(KEY_HASH))).alias("keys"),
        ]
        if self._table.observed_at:
            newest = F.max(F.when(good, F.col(self._table.observed_at)))
            # As a number: the client would hand a time out in the zone of its own machine.
            wanted.append(F.unix_micros(newest).alias("newest"))
        if self._table.dated_by:
            dated = F.when(good, F.col(bronze.PARTITION))
            wanted.append(F.collect_set(dated).alias("days"))
        found: dict[str, Any] = with_key_hash(self._table, rows).agg(*wanted).collect()[0].asDict()
        return found

    def _expired(self) -> Column:
        """Whether a row is of a day that bronze has dropped."""
        day = self._past.dropped_before
        return F.lit(False) if day is None else F.col(bronze.PARTITION) < F.lit(day)

    def _late(self) -> Column:
        """Whether a row speaks of a time that was long past when the last night was."""
        known, observed = self._past.newest_observed_at, self._table.observed_at
        if known is None or observed is None:
            return F.lit(False)
        return F.coalesce(F.col(observed) < F.lit(known - _ON_TIME), F.lit(False))

    def _held_days(self, unique: OnePerKey, days: list[date] | None) -> list[date] | None:
        """The days on which bronze can hold rows under the keys received; None where it has no days,
        or where they are too many."""
        if days is None or not unique.count:
            return None
        held = self._lakehouse.partition_rows(self._target)
        if not self._is_looked_up:
            found = [day for day in days if held.get(day)]
        elif not any(held.values()):
            found = []
        else:
            # A key may stand on any day: the content of those on which it does not is not read.
            keys = unique.rows.select(*self._table.identity)
            found = list(self._lakehouse.days_of(self._target, keys))
        return sorted(found) if len(found) <= MOST_LISTED_DAYS else None

    def _standing(
        self,
        unique: OnePerKey,
        days: list[date] | None,
        stage: Callable[[DataFrame], DataFrame],
        seen: dict[str, Any],
    ) -> _Standing:
        """What bronze holds under the keys received; rows of days it knows nothing of are new."""
        every = unique.rows.withColumn(_VERDICT, F.lit(_NEW))
        if not unique.count:
            return _Standing(every, {})
        # None: bronze may hold the keys on any day. No day: it holds none of those received.
        if days == [] or not any(self._lakehouse.partition_rows(self._target).values()):
            late = seen["late"]
            if late and unique.count < seen["good"]:  # Copies were counted too.
                late = unique.rows.where(self._late()).count()
            return _Standing(every, {_NEW: unique.count}, late)
        held = self._held(days)
        table = self._table
        asked = unique.rows
        if days is not None and not self._is_looked_up:
            asked = asked.where(F.col(bronze.PARTITION).isin(*days))
        # Keys first: the content of rows that nothing received shares a key with is not read.
        held = held.join(asked.select(*table.identity), list(table.identity), "left_semi")
        known = with_content(table, held).select(*table.identity, _strength(table).alias(_KNOWN))
        stronger = _strength(table) > F.col(_KNOWN)
        if table.arrival is Arrival.SNAPSHOT:
            stronger = F.lit(True)
        # Counted first and then written: the rows are converted and compared once. What is known
        # stands left, for an engine holds that side in memory.
        told = stage(
            known.join(unique.rows, list(table.identity), "right")
            .withColumn(
                _VERDICT,
                F.when(F.col(_KNOWN).isNull(), _NEW)
                .when(F.col(CONTENT_HASH) == F.col(_KNOWN).getField(_HASH), _SAME)
                .when(stronger, _CHANGED)
                .otherwise(_WORSE),
            )
            .drop(_KNOWN)
        )
        counted = (
            told.groupBy(_VERDICT)
            .agg(F.count("*").alias("n"), F.count(F.when(self._late(), True)).alias("late"))
            .collect()
        )
        counts = {row[_VERDICT]: row["n"] for row in counted}
        news = (row["late"] for row in counted if row[_VERDICT] == _NEW)
        return _Standing(told, counts, sum(news))

    def _held(self, days: list[date] | None) -> DataFrame:
        """Bronze, as far as the keys received can stand in it."""
        held = self._lakehouse.read(self._target)
        return held if days is None else held.where(F.col(bronze.PARTITION).isin(*days))

    def _displaced(self, standing: _Standing, days: list[date] | None) -> DataFrame:
        """Rows of bronze that a stronger row takes the place of."""
        keys = list(self._table.identity)
        stronger = standing.of(_CHANGED).select(*keys)
        return with_content(self._table, self._held(days).join(stronger, keys, "left_semi"))

    def _add(self, standing: _Standing) -> Written:
        if standing.count(_CHANGED):
            scope = None
            if self._is_looked_up:
                # The stronger row may have another date: the one it displaces goes from its own.
                scope = standing.of(_CHANGED).select(*self._table.identity)
            rows = self._arrivals(standing.of(_NEW, _CHANGED))
            return self._lakehouse.merge(self._target, rows, scope=scope)
        if standing.count(_NEW):
            return self._append(standing)
        return Written(version=self._lakehouse.version(self._target))

    def _append(self, standing: _Standing) -> Written:
        def check(rows: int) -> None:
            self._agree("rows to insert", standing.count(_NEW), rows)
            self._stop_if_replaced()

        rows = self._arrivals(standing.of(_NEW))
        return self._lakehouse.append(self._target, rows, unique=True, before_commit=check)

    def _replace(self, unique: OnePerKey, standing: _Standing) -> Written:
        held = sum(self._lakehouse.partition_rows(self._target).values())
        # A snapshot without one good row is a broken one: what was known still holds.
        if not unique.count or standing.count(_SAME) == unique.count == held:
            return Written(version=self._lakehouse.version(self._target))
        if not held:
            return self._append(standing)
        # What compares as known stays as it stands: a struct of NULLs may have come for a NULL.
        same = standing.of(_SAME).select(*self._table.identity)
        known = self._lakehouse.read(self._target).join(
            same, list(self._table.identity), "left_semi"
        )
        fresh = self._arrivals(standing.of(_NEW, _CHANGED))
        return self._lakehouse.replace(self._target, fresh.unionByName(known))

    def _arrivals(self, rows: DataFrame) -> DataFrame:
        return rows.select(
            *(name for name in self._target.column_names if name in rows.columns),
            F.lit(None).cast("string").alias("region"),
            F.lit(None).cast("string").alias("metastore_id"),
            F.lit(self._now).alias("first_seen_at"),
        )

    def _quarantine(self, rejected: list[DataFrame]) -> None:
        """Before bronze is written: afterwards nothing would tell what a changed row displaced."""
        if rejected:
            rows = reduce(DataFrame.union, rejected)
            with self._quarantining:  # one table for all
                quarantine(self._lakehouse, self._table, rows, self._now)

    def _stop_if_replaced(self) -> None:
        if reason := self._replaced():
            raise UserError(reason)

    def _agree(self, what: str, expected: int | None, found: int) -> None:
        if expected is not None and expected != found:
            raise RuntimeError(
                f"{self._table.system_name}: {what} should be {expected} and are {found};"
                " the source may have changed while it was read, so run the night again"
            )


def _kept(table: SourceTable, part: DataFrame) -> DataFrame:
    """The columns of `part` that bronze keeps: secrets are not staged either."""
    names = {column.name for column in kept_columns(table)}
    return part.select(*(name for name in part.columns if name in names))


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def _strength(table: SourceTable) -> Column:
    """`strength` as one value that can be compared; its fields are named by place on any engine."""
    fields = [column.alias(f"by{place}") for place, column in enumerate(strength(table))]
    return F.struct(*fields, F.col(CONTENT_HASH).alias(_HASH))
