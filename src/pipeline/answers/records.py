"""Rows of Arrow as records: a dict a row, times in UTC.

Arrow itself would load pandas for a time with a zone, and its compute functions for a cast: each takes longer
than to answer.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

_MICROS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def records_of(rows: "pa.Table") -> list[dict[str, Any]]:
    """A record for each row, by the names of the columns."""
    names = rows.column_names
    columns = [_values(rows.column(number)) for number in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(column: "pa.ChunkedArray") -> list[Any]:
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        values: list[Any] = column.to_pylist()
        return values
    ticks = [tick for chunk in column.chunks for tick in chunk.view(pa.int64()).to_pylist()]
    # Nothing finer than microseconds is declared, and an engine's nanoseconds say no more.
    micros, of = _MICROS.get(column.type.unit, 1), 1_000 if column.type.unit == "ns" else 1
    return [
        None if tick is None else _EPOCH + timedelta(microseconds=tick * micros // of)
        for tick in ticks
    ]
