"""What a merge may delete: every stored row, or those whose values a frame names."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property

import pyarrow as pa
from pyspark.sql import DataFrame

from pipeline.lakehouse.protocol import MOST_LISTED_DAYS


class Scope:
    """Everything where `frame` is None, else the stored rows that match one of its rows; `since` as in
    `Lakehouse.merge`."""

    def __init__(self, frame: DataFrame | None, since: date | None = None) -> None:
        self.frame = frame
        self.since = since

    def days(self, column: str) -> list[date]:
        """The days that the scope names, or none where it names no day or too many."""
        if self.frame is None or column not in self.frame.columns:
            return []
        days = self._values.column(column).unique().drop_null().to_pylist()
        return sorted(days) if len(days) <= MOST_LISTED_DAYS else []

    def follows_from(self, columns: Sequence[str]) -> bool:
        """Whether the scope of a row follows from these of its columns."""
        return self.frame is None or set(self.frame.columns) <= set(columns)

    def has_all(self, keys: pa.Table) -> bool:
        """Whether all these keys, from which their scope follows, lie in it."""
        if self.frame is None:
            return True
        columns = self.frame.columns
        return bool(without(keys.select(columns), self._values, columns).num_rows == 0)

    @cached_property
    def _values(self) -> pa.Table:
        if self.frame is None:
            raise ValueError("everything has no values")
        return self.frame.distinct().toArrow()


def without(rows: pa.Table, others: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The rows whose values in `columns` are not among those of `others`."""
    if not rows.num_rows or not others.num_rows:
        return rows
    schema = pa.schema([rows.schema.field(name) for name in columns])
    right = others.select(columns).cast(schema)
    return rows.join(right, list(columns), join_type="left anti").select(rows.column_names)
