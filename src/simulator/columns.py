"""From numpy arrays to Arrow columns of the declared types.

Strings repeated over many rows stay dictionary-coded until they are written: a Parquet file holds
the same plain strings either way, and a million repetitions cost next to nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.tables.declaration import Table
from pipeline.tables.types import arrow_schema, arrow_type
from simulator.clock import DAY_US, Bools, Ints

TAGS = arrow_type("map<string,string>")
TIMESTAMP = arrow_type("timestamp")
ACCOUNT_ID = "7f2a9c1e-5d04-4b8e-9a63-0c1d2e3f4a5b"


def _mask(valid: Bools | None) -> Bools | None:
    return None if valid is None else ~valid


def timestamps(us: Ints, valid: Bools | None = None) -> Any:
    return pa.array(us, type=pa.int64(), mask=_mask(valid)).view(TIMESTAMP)


def dates(us: Ints) -> Any:
    """The UTC date of each time."""
    return pa.array((us // DAY_US).astype(np.int32)).view(pa.date32())


def integers(values: Ints, valid: Bools | None = None) -> Any:
    return pa.array(values, type=pa.int64(), mask=_mask(valid))


def identifiers(numbers: Ints, valid: Bools | None = None) -> Any:
    """Numeric ids as strings."""
    return integers(numbers, valid).cast(pa.string())


def coded(values: Sequence[str | None] | Any, index: Ints, valid: Bools | None = None) -> Any:
    """`values[index]` as a dictionary-coded string column; NULL at -1 and where not valid."""
    strings = values if isinstance(values, pa.Array) else pa.array(values, type=pa.string())
    # Each string once, NULL never: a writer given repeated entries orders them as it happens to.
    encoded = strings.dictionary_encode()
    # Index -1 takes the last entry.
    code = np.append(pc.fill_null(encoded.indices, -1).to_numpy(), -1)[index]
    has_value = code >= 0 if valid is None else (code >= 0) & valid
    return pa.DictionaryArray.from_arrays(pa.array(code, mask=~has_value), encoded.dictionary)


def coded_ids(ids: Callable[[Ints], Any], index: Ints) -> Any:
    """`ids` of each entry as a dictionary-coded column; NULL at -1."""
    used, position = np.unique(index, return_inverse=True)
    unknown = int(np.searchsorted(used, 0))
    return coded(ids(used[unknown:]), np.maximum(position - unknown, -1))


def strings_at(values: Sequence[str | None] | Any, index: Ints) -> Any:
    """`values[index]` as a column of plain strings."""
    return coded(values, index).cast(pa.string())


def constant(value: str, rows: int) -> Any:
    return coded([value], np.zeros(rows, dtype=np.int64))


def taken(values: Any, index: Ints, valid: Bools | None = None) -> Any:
    """`values[index]` for a column of any type; NULL where not valid."""
    return values.take(pa.array(index, type=pa.int64(), mask=_mask(valid)))


def struct_of(kind: Any, rows: int, fields: Mapping[str, Any], valid: Bools | None = None) -> Any:
    """A struct column of the declared type; fields not given are NULL."""
    children = [
        plain(fields[f.name], f.type) if f.name in fields else pa.nulls(rows, f.type) for f in kind
    ]
    mask = None if valid is None else pa.array(~valid)
    return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)


def singletons(values: Any, valid: Bools) -> Any:
    """A list column holding one value per valid row, and NULL elsewhere."""
    offsets = np.concatenate([[0], np.cumsum(valid)]).astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(offsets), values.filter(pa.array(valid)), mask=pa.array(~valid)
    )


def decimals(pico: Ints) -> Any:
    """Integers of 1e-12 as decimal(38,18)."""
    words = np.stack([pico, pico >> 63], axis=1)
    narrow = pa.Array.from_buffers(
        pa.decimal128(18, 12), len(pico), [None, pa.py_buffer(np.ascontiguousarray(words))]
    )
    return narrow.cast(pa.decimal128(38, 18))


def plain(column: Any, kind: Any) -> Any:
    """The column as exactly the declared type."""
    return column if column.type.equals(kind) else pc.cast(column, kind)


def table_of(declared: Table, rows: int, columns: Mapping[str, Any]) -> Any:
    """An Arrow table with the declared columns in order; those not given are NULL."""
    unknown = set(columns) - set(declared.column_names)
    if unknown:
        raise ValueError(f"table {declared.full_name} declares no {', '.join(sorted(unknown))}")
    arrays, schema_fields = [], []
    for schema_field in arrow_schema(declared):
        if schema_field.name == "account_id" and "account_id" not in columns:
            column = constant(ACCOUNT_ID, rows)
        elif schema_field.name not in columns:
            column = pa.nulls(rows, schema_field.type)
        else:
            column = columns[schema_field.name]
        if not pa.types.is_dictionary(column.type):
            column = plain(column, schema_field.type)
        arrays.append(column)
        schema_fields.append(schema_field.with_type(column.type).remove_metadata())
    return pa.Table.from_arrays(arrays, schema=pa.schema(schema_fields))
