"""What a stored table lacks of its declaration: columns, fields, comments; and what it may not gain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from pipeline.errors import UserError
from pipeline.tables.declaration import Column, Table
from pipeline.tables.derive import arrow_type, described


@dataclass(frozen=True, slots=True)
class Growth:
    """What to add to a table, and nothing that would touch its rows."""

    gained: tuple[Column, ...] = ()
    """Columns that are not stored yet."""
    widened: tuple[Column, ...] = ()
    """Columns whose structs have fields that are not stored yet."""
    described_anew: tuple[Column, ...] = ()
    """Stored columns with another comment."""


def grown(table: Table, stored: pa.Schema, *, has_rows: Callable[[], bool]) -> Growth:
    """How the table `stored` so becomes the declared one.

    UserError where a column was retyped, or a required one was added to rows that lack it.
    """
    gained, widened, described_anew = [], [], []
    for column in table.columns:
        position = stored.get_field_index(column.name)
        if position < 0:
            if not column.nullable and has_rows():
                raise UserError(
                    f"table {table.full_name} has no column {column.name}, and rows without it: "
                    "a new column must be nullable, or the table rebuilt"
                )
            gained.append(column)
            continue
        kept, wanted = stored.field(position), arrow_type(column.type)
        if kept.type != wanted:
            if not _extends(wanted, kept.type):
                raise UserError(
                    f"table {table.full_name}: column {column.name} is stored as {kept.type}, "
                    f"but declared as {wanted}: rename the column, or rebuild the table"
                )
            widened.append(column)
        if (kept.metadata or {}).get(b"comment", b"").decode() != described(column):
            described_anew.append(column)
    return Growth(tuple(gained), tuple(widened), tuple(described_anew))


def new_field_types(
    wanted: pa.DataType, kept: pa.DataType
) -> Iterator[tuple[tuple[str, ...], pa.DataType]]:
    """Path and type of each struct field that `wanted` has beyond `kept`.

    A list's items are called `element` and a map's values `value`, as ALTER TABLE names them.
    """
    if pa.types.is_struct(wanted):
        for index, field in enumerate(wanted):
            if index >= len(kept):
                yield (field.name,), field.type
            else:
                inner = new_field_types(field.type, kept.field(index).type)
                yield from (((field.name, *path), kind) for path, kind in inner)
    elif pa.types.is_list(wanted):
        inner = new_field_types(wanted.value_type, kept.value_type)
        yield from ((("element", *path), kind) for path, kind in inner)
    elif pa.types.is_map(wanted):
        inner = new_field_types(wanted.item_type, kept.item_type)
        yield from ((("value", *path), kind) for path, kind in inner)


def _extends(wanted: pa.DataType, kept: pa.DataType) -> bool:
    """Whether `wanted` is `kept` with fields added at the end of its structs.

    At the end only, because engines cast structs by position.
    """
    if pa.types.is_struct(wanted) and pa.types.is_struct(kept):
        head = [wanted.field(index) for index in range(min(len(wanted), len(kept)))]
        return len(head) == len(kept) and all(
            new.name == old.name and _extends(new.type, old.type)
            for new, old in zip(head, kept, strict=True)
        )
    if pa.types.is_list(wanted) and pa.types.is_list(kept):
        return _extends(wanted.value_type, kept.value_type)
    if pa.types.is_map(wanted) and pa.types.is_map(kept):
        return wanted.key_type == kept.key_type and _extends(wanted.item_type, kept.item_type)
    return bool(wanted == kept)
