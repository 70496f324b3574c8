"""How far each reader has read each input: read once a night, written as the night goes on."""

import time
from collections.abc import Iterable, Mapping
from threading import RLock

from pyspark.sql import SparkSession

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import ops
from pipeline.tables.declaration import Table
from pipeline.tables.derive import spark_schema

_WRITE_EVERY_SECONDS = 30.0
"""A night that is killed does at most so much again; writing each position by itself would make a
short night half as long again."""


class Positions:
    """The table ops.positions, in memory while a night runs under the home's lock.

    What has moved is written some seconds later, or when `flush` is called. A position lost is no
    harm, since rows that are read again turn out to be known; one written too early would be.
    """

    def __init__(self, spark: SparkSession, lakehouse: Lakehouse) -> None:
        self._spark = spark
        self._lakehouse = lakehouse
        self._positions = {
            (row["reader"], row["input"]): row["position"]
            for row in lakehouse.read(ops.POSITIONS).collect()
        }
        self._unwritten: dict[tuple[str, str], str] = {}
        self._written_at = time.monotonic()
        self._lock = RLock()  # Steps run side by side.

    def of(self, reader: str, input_name: str) -> str | None:
        """The last position of `reader` in the input; None before it has read any."""
        return self._positions.get((reader, input_name))

    def has_news(self, reader: str, tables: Iterable[Table]) -> bool:
        """Whether rows of a table may have changed since `reader` was there. Maintenance changes none."""
        return any(self._is_news(self.of(reader, table.full_name), table) for table in tables)

    def _is_news(self, position: str | None, table: Table) -> bool:
        if position is None:
            return True
        is_newer = self._lakehouse.version(table) != int(position)
        return is_newer and self._lakehouse.changed(table, int(position))

    def set_all(self, reader: str, positions: Mapping[str, str]) -> None:
        """Remember several at once, now in memory and soon on disk."""
        with self._lock:
            moved = {
                (reader, name): position
                for name, position in positions.items()
                if self._positions.get((reader, name)) != position
            }
            self._positions |= moved
            self._unwritten |= moved
            if time.monotonic() - self._written_at > _WRITE_EVERY_SECONDS:
                self.flush()

    def flush(self) -> None:
        """Write what has moved since the last time, in one commit."""
        with self._lock:
            if self._unwritten:
                rows = [
                    (reader, name, position) for (reader, name), position in self._unwritten.items()
                ]
                schema = spark_schema(ops.POSITIONS)
                self._lakehouse.merge(
                    ops.POSITIONS, self._spark.createDataFrame(rows, schema=schema)
                )
                self._unwritten.clear()
            self._written_at = time.monotonic()
