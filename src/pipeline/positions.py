"""How far each reader has read each input: read once a night, written after each step."""

from collections.abc import Mapping

from pyspark.sql import SparkSession

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables import ops
from pipeline.tables.derive import spark_schema


class Positions:
    """The table ops.positions, held in memory while a night runs under the home's lock."""

    def __init__(self, spark: SparkSession, lakehouse: Lakehouse) -> None:
        self._spark = spark
        self._lakehouse = lakehouse
        self._held = {
            (row["reader"], row["input"]): row["position"]
            for row in lakehouse.read(ops.POSITIONS).collect()
        }

    def of(self, reader: str, read: str) -> str | None:
        """The last position of `reader` in the input `read`; None before it has read any."""
        return self._held.get((reader, read))

    def set_all(self, reader: str, positions: Mapping[str, str]) -> None:
        """Remember several at once; what has not moved is not written."""
        moved = [
            (reader, name, position)
            for name, position in positions.items()
            if self._held.get((reader, name)) != position
        ]
        if not moved:
            return
        self._lakehouse.merge(
            ops.POSITIONS, self._spark.createDataFrame(moved, schema=spark_schema(ops.POSITIONS))
        )
        self._held.update({(who, name): position for who, name, position in moved})

    def get(self, name: str) -> str | None:
        """The ingestion's position in the source table `name`."""
        return self.of("ingest", name)

    def set(self, name: str, value: str) -> None:
        self.set_all("ingest", {name: value})
