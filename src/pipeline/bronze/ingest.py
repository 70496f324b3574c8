"""From a source into bronze: each row received is kept, already stored, or quarantined with a reason.

    received = new + changed + rejected + duplicates + expired

holds for every table of every night. The terms are counted separately and compared with what the
lakehouse says it has written; a night in which they disagree stops, since a monitor can do nothing
worse than lose a row without a trace. A row has expired when it belongs to days that bronze has
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
_STORED_STRENGTH = "stored_strength"
_HASH = "hash"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ON_TIME = timedelta(days=1)
_NEW, _CHANGED, _SAME, _WORSE = "new", "changed", "same", "worse"


class Positions(Protocol):
    """Stores how far each source table has been read."""

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
    """New rows whose time is more than a day before the newest time of earlier nights."""
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
    """Ingest the tables, some at a time, and yield what became of each in turn; UserError from the
    source before the first row of a table is written."""
    quarantine_lock = Lock()

    def read(table: SourceTable) -> tuple[Ingested, str | None]:
        began = time.perf_counter()
        delivery = source.read(table, positions.get(table.name))
        if delivery is None:
            version = lakehouse.version(bronze.BRONZE_OF[table.name])
            ingested = Ingested(table, 0.0, version, Flaws(table))
        else:
            ingesting = _TableIngest(
                lakehouse, table, now, past(table), quarantine_lock, delivery.replaced
            )
            ingested = _ingest_batch(ingesting, delivery)
        seconds = time.perf_counter() - began
        return replace(ingested, seconds=seconds), None if delivery is None else delivery.position

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ingested, position in pool.map(read, tables):
            yield ingested
            if position is not None:
                # Only now: a night that stops before this reads the rows again, and finds them stored.
                positions.set(ingested.table.name, position)


def _ingest_batch(ingesting: "_TableIngest", delivery: Delivery) -> Ingested:
    try:
        ingested = reduce(
            Ingested.plus, (ingesting.ingest_batch(batch) for batch in delivery.batches)
        )
        ingesting.index()
        return ingested
    except UserError:
        raise
    except Exception as error:
        # Whatever the engine or the lakehouse raises on a damaged file, the source can name the file.
        if reason := delivery.replaced() or delivery.damage():
            raise UserError(reason) from error
        raise


@dataclass(frozen=True)
class _Compared:
    """Rows received, each with the verdict of comparing it with the stored row of the same key."""

    rows: DataFrame
    counts: dict[str, int]
    late: int = 0

    def of(self, *verdicts: str) -> DataFrame:
        return self.rows.where(F.col(_VERDICT).isin(*verdicts))

    def count(self, verdict: str) -> int:
        return self.counts.get(verdict, 0)


class _TableIngest:
    """One batch after another of one table on its way into bronze."""

    def __init__(
        self,
        lakehouse: Lakehouse,
        table: SourceTable,
        now: datetime,
        past: Past,
        quarantine_lock: Lock,
        replaced: Callable[[], str],
    ) -> None:
        self._lakehouse = lakehouse
        self._table = table
        self._target = bronze.BRONZE_OF[table.name]
        self._now = now
        self._past = past
        self._quarantine_lock = quarantine_lock
        self._replaced = replaced
        self._region: str | None = None

    def index(self) -> None:
        """Prepare the question of the next delivery, on which days its keys are stored."""
        if self._is_looked_up:
            self._lakehouse.index_days(self._target, self._table.identity)

    @property
    def _is_looked_up(self) -> bool:
        """Whether a key of this dated table may stand on any day."""
        return self._table.dated_by is not None and self._table.dated_by not in self._table.keys

    def ingest_batch(self, batch: Batch) -> Ingested:
        self._region = batch.region
        with ExitStack() as staged:
            return self._ingest_batch(batch, staged)

    def _ingest_batch(self, batch: Batch, staged: ExitStack) -> Ingested:
        def stage(rows: DataFrame) -> DataFrame:
            return staged.enter_context(self._lakehouse.stage(rows))

        table = self._table
        parts = batch.parts
        if not batch.is_lasting:
            # To be counted, compared and written, rows are read several times: those that land in
            # between would only be in the later readings.
            parts = tuple(stage(_kept(table, part)) for part in parts)
        parts = tuple(conform(table, part, now=self._now) for part in parts)
        rows = reduce(DataFrame.unionByName, parts)
        profile = self._profile(rows)
        self._require_equal("rows delivered", batch.received, profile["received"])
        bad = profile["received"] - profile["good"] - profile["expired"]
        good = rows
        if bad:  # An engine spells out in the condition all that converts a row.
            good = good.where(F.col(PROBLEM).isNull())
        if profile["expired"]:
            good = good.where(~self._expired())
        good = good.drop(ROW_JSON, PROBLEM, UNREAD)
        unique = OnePerKey(good, count=profile["good"])
        if profile["keys"] < profile["good"]:
            # Telling copies apart reads the rows several times, so they are converted once before.
            unique = one_per_key(table, stage(good), profile["good"], stage)
        days = self._stored_days(unique, profile.get("days"))
        compared = self._compared(unique, days, stage, profile)
        self._require_equal("rows compared", unique.count, sum(compared.counts.values()))
        rejected = []
        flaws = Flaws(table, profile["received"])
        if bad or profile["partial"]:
            judged = stage(judgements(rows))
            flaws = flaws_of(table, judged)
            rejected.append(as_received(judged))
        if unique.weaker is not None and unique.weaker_count:
            rejected.append(as_rejected(table, unique.weaker, _WEAKER))
        if compared.count(_WORSE):
            rejected.append(as_rejected(table, compared.of(_WORSE), _WEAKER))
        if compared.count(_CHANGED) and table.arrival is Arrival.APPEND:
            rejected.append(as_rejected(table, self._displaced(compared, days), _WEAKER))
        self._stop_if_replaced()
        self._quarantine(rejected)
        if table.arrival is Arrival.SNAPSHOT:
            written, moved = self._replace(unique, compared), 0
        else:
            written = self._add(compared)
            moved = written.deleted
        self._require_equal("rows inserted", compared.count(_NEW) + moved, written.inserted)
        self._require_equal("rows updated", compared.count(_CHANGED) - moved, written.updated)
        return Ingested(
            table,
            seconds=0.0,
            version=written.version,
            flaws=replace(flaws, absent=absent_columns(table, batch.parts)),
            received=profile["received"],
            kept_new=compared.count(_NEW),
            kept_changed=compared.count(_CHANGED),
            gone=written.deleted - moved,
            rejected=bad + unique.weaker_count + compared.count(_WORSE),
            duplicates=unique.copies + compared.count(_SAME),
            expired=profile["expired"],
            late=compared.late,
            newest_observed_at=_moment(profile.get("newest")),
        )

    def _profile(self, rows: DataFrame) -> dict[str, Any]:
        """Counts of the delivery, its newest time and its days, in one pass over keys and times."""
        readable = F.col(PROBLEM).isNull()
        good = readable & ~self._expired()
        aggregates = [
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
            aggregates.append(F.unix_micros(newest).alias("newest"))
        if self._table.dated_by:
            dated = F.when(good, F.col(bronze.PARTITION))
            aggregates.append(F.collect_set(dated).alias("days"))
        row = with_key_hash(self._table, rows).agg(*aggregates).collect()[0]
        return dict(row.asDict())

    def _expired(self) -> Column:
        """Whether a row is of a day that bronze has dropped."""
        day = self._past.dropped_before
        return F.lit(False) if day is None else F.col(bronze.PARTITION) < F.lit(day)

    def _late(self) -> Column:
        """Whether the time of a row was long past when the last night ran."""
        newest, observed = self._past.newest_observed_at, self._table.observed_at
        if newest is None or observed is None:
            return F.lit(False)
        return F.coalesce(F.col(observed) < F.lit(newest - _ON_TIME), F.lit(False))

    def _stored_days(self, unique: OnePerKey, days: list[date] | None) -> list[date] | None:
        """The days on which bronze can hold rows under the keys received; None where it has no days,
        or where they are too many."""
        if days is None or not unique.count:
            return None
        stored_rows = self._lakehouse.partition_rows(self._target)
        if not self._is_looked_up:
            stored_days = [day for day in days if stored_rows.get(day)]
        elif not any(stored_rows.values()):
            stored_days = []
        else:
            # A key may stand on any day, but the content of the others need not be read.
            keys = unique.rows.select(*self._table.identity)
            stored_days = list(self._lakehouse.days_of(self._target, keys))
        return sorted(stored_days) if len(stored_days) <= MOST_LISTED_DAYS else None

    def _compared(
        self,
        unique: OnePerKey,
        days: list[date] | None,
        stage: Callable[[DataFrame], DataFrame],
        profile: dict[str, Any],
    ) -> _Compared:
        """The rows received against what bronze has under their keys; on days that it does not have, all rows
        are new."""
        every = unique.rows.withColumn(_VERDICT, F.lit(_NEW))
        if not unique.count:
            return _Compared(every, {})
        # None: the keys may stand on any day. An empty list: none of them is stored.
        if days == [] or not any(self._lakehouse.partition_rows(self._target).values()):
            late = profile["late"]
            if late and unique.count < profile["good"]:  # Copies were counted too.
                late = unique.rows.where(self._late()).count()
            return _Compared(every, {_NEW: unique.count}, late)
        stored = self._stored(days)
        table = self._table
        received = unique.rows
        if days is not None and not self._is_looked_up:
            received = received.where(F.col(bronze.PARTITION).isin(*days))
        # Keys first: the content of rows that nothing received shares a key with is not read.
        stored = stored.join(received.select(*table.identity), list(table.identity), "left_semi")
        stored = with_content(table, stored).select(
            *table.identity, _strength(table).alias(_STORED_STRENGTH)
        )
        stronger = _strength(table) > F.col(_STORED_STRENGTH)
        if table.arrival is Arrival.SNAPSHOT:
            stronger = F.lit(True)
        # Staged, so that the rows that are counted first and then written are only converted and compared
        # once. The stored rows stand left, since an engine keeps that side in memory.
        judged_rows = stage(
            stored.join(unique.rows, list(table.identity), "right")
            .withColumn(
                _VERDICT,
                F.when(F.col(_STORED_STRENGTH).isNull(), _NEW)
                .when(F.col(CONTENT_HASH) == F.col(_STORED_STRENGTH).getField(_HASH), _SAME)
                .when(stronger, _CHANGED)
                .otherwise(_WORSE),
            )
            .drop(_STORED_STRENGTH)
        )
        counted = (
            judged_rows.groupBy(_VERDICT)
            .agg(F.count("*").alias("n"), F.count(F.when(self._late(), True)).alias("late"))
            .collect()
        )
        counts = {row[_VERDICT]: row["n"] for row in counted}
        late_new = (row["late"] for row in counted if row[_VERDICT] == _NEW)
        return _Compared(judged_rows, counts, sum(late_new))

    def _stored(self, days: list[date] | None) -> DataFrame:
        """Bronze, as far as the keys received can stand in it."""
        stored = self._lakehouse.read(self._target)
        return stored if days is None else stored.where(F.col(bronze.PARTITION).isin(*days))

    def _displaced(self, compared: _Compared, days: list[date] | None) -> DataFrame:
        """Rows of bronze that a stronger row takes the place of."""
        keys = list(self._table.identity)
        stronger = compared.of(_CHANGED).select(*keys)
        return with_content(self._table, self._stored(days).join(stronger, keys, "left_semi"))

    def _add(self, compared: _Compared) -> Written:
        if compared.count(_CHANGED):
            scope = None
            if self._is_looked_up:
                # The stronger row may have another date: the one that it displaces has to go as well.
                scope = compared.of(_CHANGED).select(*self._table.identity)
            rows = self._arrivals(compared.of(_NEW, _CHANGED))
            return self._lakehouse.merge(self._target, rows, scope=scope)
        if compared.count(_NEW):
            return self._append(compared)
        return Written(version=self._lakehouse.version(self._target))

    def _append(self, compared: _Compared) -> Written:
        def check(rows: int) -> None:
            self._require_equal("rows to insert", compared.count(_NEW), rows)
            self._stop_if_replaced()

        rows = self._arrivals(compared.of(_NEW))
        return self._lakehouse.append(self._target, rows, unique=True, before_commit=check)

    def _replace(self, unique: OnePerKey, compared: _Compared) -> Written:
        stored_count = sum(self._lakehouse.partition_rows(self._target).values())
        # A snapshot without a single good row is broken: what is stored still holds.
        if not unique.count or compared.count(_SAME) == unique.count == stored_count:
            return Written(version=self._lakehouse.version(self._target))
        if not stored_count:
            return self._append(compared)
        # Rows that are the same stay as they are stored: a struct of NULLs may have come for a NULL.
        same = compared.of(_SAME).select(*self._table.identity)
        stored = self._lakehouse.read(self._target).join(
            same, list(self._table.identity), "left_semi"
        )
        fresh = self._arrivals(compared.of(_NEW, _CHANGED))
        return self._lakehouse.replace(self._target, fresh.unionByName(stored))

    def _arrivals(self, rows: DataFrame) -> DataFrame:
        return rows.select(
            *(name for name in self._target.column_names if name in rows.columns),
            F.lit(self._region).cast("string").alias("region"),
            F.lit(None).cast("string").alias("metastore_id"),
            F.lit(self._now).alias("first_seen_at"),
        )

    def _quarantine(self, rejected: list[DataFrame]) -> None:
        """Before bronze is written: afterwards nobody could say what a changed row has displaced."""
        if rejected:
            rows = reduce(DataFrame.union, rejected)
            with self._quarantine_lock:  # one table for all
                quarantine(self._lakehouse, self._table, rows, self._now)

    def _stop_if_replaced(self) -> None:
        if reason := self._replaced():
            raise UserError(reason)

    def _require_equal(self, what: str, expected: int | None, actual: int) -> None:
        if expected is not None and expected != actual:
            raise RuntimeError(
                f"{self._table.system_name}: {what} should be {expected} and are {actual};"
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
