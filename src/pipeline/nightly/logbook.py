"""What a night writes down of itself: its steps, what it could not answer, how far sources are behind.

Everything is written when something has changed, and not at all when nothing has: a night with
nothing new leaves no trace.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.bronze.ingest import Ingested
from pipeline.gold.assessments import not_assessed
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.outcome import Night
from pipeline.nightly.positions import Positions
from pipeline.nightly.reached import Reached
from pipeline.tables import bronze, gold
from pipeline.tables.declaration import SourceTable, Table
from pipeline.tables.derive import spark_schema

_LOGBOOK, _FRESHNESS = "logbook", "freshness"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STREAM_WINDOW = timedelta(days=7)
"""How long the share keeps the files of an older version (system tables are vacuumed weekly)."""


class Logbook:
    """The night's pages of it."""

    def __init__(
        self, spark: SparkSession, lakehouse: Lakehouse, positions: Positions, night: Night
    ) -> None:
        self._spark = spark
        self._lakehouse = lakehouse
        self._positions = positions
        self._night = night

    def write(self) -> None:
        """The night's steps and what they could not answer, when anything has changed: in this
        night, or in one that was killed before it could write."""
        answers = gold.QUESTIONS.values()
        if self._positions.has_news(_LOGBOOK, answers) or self._night.changed_anything:
            answered = {table.full_name: str(self._lakehouse.version(table)) for table in answers}
            self._assessments()
            self._steps()
            self._positions.set_all(_LOGBOOK, answered)

    def _steps(self) -> None:
        """One row a step and table."""
        rows = [
            (
                self._night.night_id,
                report.step,
                report.table.full_name,
                report.stage,
                self._night.as_of,
                report.mode,
                report.rows_read,
                report.inserted,
                report.updated,
                report.deleted,
                report.rejected,
                report.duplicates,
                report.expired,
                report.late,
                report.seconds,
                report.version,
                report.versions_read,
            )
            for report in self._night.reports
        ]
        self._write(gold.NIGHT_STEPS, rows)

    def _assessments(self) -> None:
        """Jobs not assessed, by question and reason; in place of what an earlier task of this night, that
        has been run again, wrote of it."""
        answers = {
            question: self._lakehouse.read(table) for question, table in gold.QUESTIONS.items()
        }
        self._lakehouse.merge(
            gold.NIGHT_ASSESSMENTS,
            not_assessed(answers).select(
                F.lit(self._night.night_id).alias("night_id"),
                F.lit(self._night.as_of).alias("as_of"),
                "question",
                "status",
                "reason",
                "jobs",
            ),
            scope=None if self._night.name is None else self._this_night(),
        )

    def _this_night(self) -> DataFrame:
        return self._spark.createDataFrame([(self._night.night_id,)], "night_id string")

    def sources(
        self, ingested: Iterable[Ingested], reached: Mapping[SourceTable, Reached], now: datetime
    ) -> None:
        """When each source table that delivered did so, after how long a gap, how far behind or ahead.

        Told by bronze, not by this night's counts: of a night killed while it read, the next one
        finds all rows known.
        """
        deliveries = [
            delivery for delivery in ingested if delivery.received and self._is_news(delivery)
        ]
        if not deliveries:
            return
        received_before = {
            row["source_table"]: row["received_at"]
            for row in self._lakehouse.read(gold.SOURCE_FRESHNESS)
            .select("source_table", F.unix_micros("received_at").alias("received_at"))
            .collect()
        }
        rows = []
        for delivery in deliveries:
            last_us = received_before.get(delivery.table.system_name)
            gap = None if last_us is None else now - _moment(last_us)
            reach = reached.get(delivery.table) or _by_clock(delivery, now)
            rows.append(
                (
                    delivery.table.system_name,
                    reach and reach.newest_at,
                    reach and reach.at,
                    reach and _hours(reach.newest_at - reach.at),
                    now,
                    reach and _hours(now - reach.at),
                    None if gap is None else _hours(gap),
                    gap_of(delivery.table, gap),
                    list(delivery.flaws.absent),
                )
            )
        self._write(gold.SOURCE_FRESHNESS, rows)
        self._positions.set_all(
            _FRESHNESS, {delivery.table.name: str(delivery.version) for delivery in deliveries}
        )

    def _is_news(self, delivery: Ingested) -> bool:
        seen = self._positions.of(_FRESHNESS, delivery.table.name)
        if seen is None:
            return True
        table = bronze.BRONZE_OF[delivery.table.name]
        return delivery.version != int(seen) and self._lakehouse.changed(table, int(seen))

    def _write(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        self._lakehouse.merge(table, self._spark.createDataFrame(rows, schema=spark_schema(table)))


def gap_of(table: SourceTable, gap: timedelta | None) -> str:
    """What a gap between two readings of `table` means for its rows."""
    if gap is None or gap <= STREAM_WINDOW:
        return "within"
    kept_days = table.retention_days
    return "lost" if kept_days is not None and gap > timedelta(days=kept_days) else "outside"


def _by_clock(delivery: Ingested, now: datetime) -> Reached | None:
    """How far a source has come of whose rows only the newest time is known."""
    newest = delivery.newest_observed_at
    return None if newest is None else Reached(min(newest, now), newest)


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
