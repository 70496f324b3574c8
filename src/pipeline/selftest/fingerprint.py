"""A table in a few values, in which two engines agree where their rows do, in whatever order these come.

Floats may differ in their last digits, so they are compared as sums within a tolerance; all other values
as a digest by column, so that it can be said which column differs. Audit columns are left out: they tell
when a row was seen.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import pyarrow as pa

from pipeline.tables.declaration import Table

_TOLERANCE: Final = 1e-6
_ROWS: Final = "rows"
_FLOATS: Final = ("double", "float")
_WEIGHTS: Final = 997
"""Values of one column that change places between rows have other weights, and another sum."""


@dataclass(frozen=True, slots=True)
class FloatSums:
    """Of a column of floats: how many values, the sum of their magnitudes, and a weighted sum."""

    values: int
    magnitude: float
    weighted: float

    def is_close(self, other: "FloatSums") -> bool:
        most_apart = _TOLERANCE * max(self.magnitude, other.magnitude)
        return self.values == other.values and all(
            abs(ours - theirs) <= most_apart
            for ours, theirs in (
                (self.magnitude, other.magnitude),
                (self.weighted, other.weighted),
            )
        )


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many rows a table has, a digest of each of its columns, and sums of those of floats."""

    rows: int
    digests: Mapping[str, str]
    sums: Mapping[str, FloatSums]

    @classmethod
    def of(cls, table: Table, rows: pa.Table) -> "Fingerprint":
        """That of `rows`, which fit into memory, with the declared columns."""
        columns = [column for column in table.columns if column.name not in table.audit_names]
        values = {column.name: rows.column(column.name).to_pylist() for column in columns}
        keys = [[_text(value) for value in values[name]] for name in table.keys]
        order = sorted(range(rows.num_rows), key=lambda row: [key[row] for key in keys])
        ordered = {name: [column[row] for row in order] for name, column in values.items()}
        floats = {column.name for column in columns if column.type in _FLOATS}
        return cls(
            rows.num_rows,
            {name: _digest(column) for name, column in ordered.items() if name not in floats},
            {name: _sums(column) for name, column in ordered.items() if name in floats},
        )

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Fingerprint":
        """One that `stored` has been written as."""
        sums = {name: FloatSums(**sums) for name, sums in stored["sums"].items()}
        return cls(stored["rows"], stored["digests"], sums)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def differing(self, other: "Fingerprint") -> tuple[str, ...]:
        """The columns in which the two differ, `rows` among them where there are more of them in one."""
        names = dict.fromkeys((*self.digests, *self.sums, *other.digests, *other.sums))
        return (
            *((_ROWS,) if self.rows != other.rows else ()),
            *(name for name in names if not self._is_same(other, name)),
        )

    def _is_same(self, other: "Fingerprint", name: str) -> bool:
        ours, theirs = self.sums.get(name), other.sums.get(name)
        if ours is not None and theirs is not None:
            return ours.is_close(theirs)
        return self.digests.get(name) == other.digests.get(name) is not None


def _digest(values: Iterable[Any]) -> str:
    return sha256("\n".join(map(_text, values)).encode()).hexdigest()[:16]


def _sums(values: Sequence[float | None]) -> FloatSums:
    weights = [number * number % _WEIGHTS + 1 for number in range(1, len(values) + 1)]
    known = [
        (value, weight / _WEIGHTS)
        for value, weight in zip(values, weights, strict=True)
        if value is not None and math.isfinite(value)
    ]
    return FloatSums(
        len(known),
        math.fsum(abs(value) for value, _ in known),
        math.fsum(value * weight for value, weight in known),
    )


def _text(value: Any) -> str:
    """A value as every engine's Arrow spells it."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
        case float():
            return f"{value:.6g}"
        case dict():
            return f"{{{', '.join(f'{name}: {_text(value[name])}' for name in sorted(value))}}}"
        case list() | tuple():
            return f"[{', '.join(map(_text, value))}]"
        case _:
            return repr(value)
