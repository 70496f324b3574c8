"""How far each reader has read each input: read once a night, written as the night goes on."""

import time
from collections.abc import Mapping
from threading import RLock

from pyspark.sql import SparkSession

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import ops
from pipeline.tables.derive import spark_schema

_HELD_SECONDS = 15.0
"""A night that is killed does at most so much again; writing each position by itself would make a
short night half as long again."""


class Positions:
    """The table ops.positions, held in memory while a night runs under the home's lock.

    What has moved is written some seconds later, or when `flush` is called. A position lost is no
    harm, since what is read again is found known; one written too early would be.
    """

    def __init__(self, spark: SparkSession, lakehouse: Lakehouse) -> None:
        self._spark = spark
        self._lakehouse = lakehouse
        self._held = {
            (row["reader"], row["input"]): row["position"]
            for row in lakehouse.read(ops.POSITIONS).collect()
        }
        self._moved: dict[tuple[str, str], str] = {}
        self._flushed = time.monotonic()
        self._setting = RLock()  # Steps run side by side.

    def of(self, reader: str, read: str) -> str | None:
        """The last position of `reader` in the input `read`; None before it has read any."""
        return self._held.get((reader, read))

    def set_all(self, reader: str, positions: Mapping[str, str]) -> None:
        """Remember several at once, now in memory and soon on disk."""
        with self._setting:
            moved = {
                (reader, name): position
                for name, position in positions.items()
                if self._held.get((reader, name)) != position
            }
            self._held |= moved
            self._moved |= moved
            if time.monotonic() - self._flushed > _HELD_SECONDS:
                self.flush()

    def flush(self) -> None:
        """Write what has moved since the last time, in one commit."""
        with self._setting:
            if self._moved:
                rows = [(who, name, position) for (who, name), position in self._moved.items()]
                schema = spark_schema(ops.POSITIONS)
                self._lakehouse.merge(
                    ops.POSITIONS, self._spark.createDataFrame(rows, schema=schema)
                )
                self._moved.clear()
            self._flushed = time.monotonic()
