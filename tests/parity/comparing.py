"""Two sets of rows compared: floats to 1e-9 relative where two engines made them, all else exactly."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.tables.declaration import Table

RELATIVE = 1e-9
# Differences of large numbers that cancel leave no relative precision to compare.
_ABSOLUTE_OF_RELATIVE = 1e-3
_SHOWN = 5


def read_rows(folder: Path) -> tuple[pa.Schema, list[dict[str, Any]]]:
    files = sorted(folder.glob("*.parquet"))
    assert files, f"{folder} holds no Parquet"
    table = pa.concat_tables([pq.read_table(file) for file in files])
    return table.schema, table.to_pylist()


def same(left: Any, right: Any, relative: float = RELATIVE) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        absolute = relative * _ABSOLUTE_OF_RELATIVE
        return math.isclose(left, right, rel_tol=relative, abs_tol=absolute)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            same(left[key], right[key], relative) for key in left
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(
            same(a, b, relative) for a, b in zip(left, right, strict=True)
        )
    return type(left) is type(right) and bool(left == right)


def differences(
    left: Iterable[Mapping[str, Any]],
    right: Iterable[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    columns: Sequence[str],
    relative: float = RELATIVE,
) -> list[str]:
    """What differs, in words; rows are matched by `keys`, and a repeated key is a difference."""

    def by_key(rows: Iterable[Mapping[str, Any]], side: str) -> dict[tuple[str, ...], Any]:
        found: dict[tuple[str, ...], Any] = {}
        for row in rows:
            key = tuple(repr(row[name]) for name in keys)
            if key in found:
                said.append(f"the key {key} is there twice on the {side}")
            found[key] = row
        return found

    said: list[str] = []
    lefts, rights = by_key(left, "left"), by_key(right, "right")
    said += [f"only on the left: {key}" for key in sorted(lefts.keys() - rights.keys())]
    said += [f"only on the right: {key}" for key in sorted(rights.keys() - lefts.keys())]
    said += [
        f"{key} {name}: {lefts[key][name]!r} is not {rights[key][name]!r}"
        for key in sorted(lefts.keys() & rights.keys())
        for name in columns
        if not same(lefts[key][name], rights[key][name], relative)
    ]
    return said


def compared_columns(table: Table) -> list[str]:
    return [name for name in table.column_names if name not in table.audit_names]


def shown(said: Sequence[str]) -> str:
    more = f"\n... and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return "\n".join(said[:_SHOWN]) + more
