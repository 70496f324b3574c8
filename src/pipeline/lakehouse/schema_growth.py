"""How a stored table follows its declaration: it gains columns, fields and comments, and nothing else."""

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


def growth_to(table: Table, stored: pa.Schema, *, has_rows: Callable[[], bool]) -> Growth:
    """What makes a table with the schema `stored` the declared one.

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
        stored_field, declared_type = stored.field(position), arrow_type(column.type)
        if stored_field.type != declared_type:
            if not _extends(declared_type, stored_field.type):
                raise UserError(
                    f"table {table.full_name}: column {column.name} is stored as {stored_field.type}, "
                    f"but declared as {declared_type}: rename the column, or rebuild the table"
                )
            widened.append(column)
        if (stored_field.metadata or {}).get(b"comment", b"").decode() != described(column):
            described_anew.append(column)
    return Growth(tuple(gained), tuple(widened), tuple(described_anew))


def new_field_types(
    declared: pa.DataType, stored: pa.DataType
) -> Iterator[tuple[tuple[str, ...], pa.DataType]]:
    """Path and type of each struct field that `declared` has beyond `stored`.

    A list's items are called `element` and a map's values `value`, as ALTER TABLE names them.
    """
    if pa.types.is_struct(declared):
        for index, field in enumerate(declared):
            if index >= len(stored):
                yield (field.name,), field.type
            else:
                inner = new_field_types(field.type, stored.field(index).type)
                yield from (((field.name, *path), kind) for path, kind in inner)
    elif pa.types.is_list(declared):
        inner = new_field_types(declared.value_type, stored.value_type)
        yield from ((("element", *path), kind) for path, kind in inner)
    elif pa.types.is_map(declared):
        inner = new_field_types(declared.item_type, stored.item_type)
        yield from ((("value", *path), kind) for path, kind in inner)


def _extends(declared: pa.DataType, stored: pa.DataType) -> bool:
    """Whether `declared` is `stored` with fields added at the end of its structs.

    At the end only, because engines cast structs by position.
    """
    if pa.types.is_struct(declared) and pa.types.is_struct(stored):
        head = [declared.field(index) for index in range(min(len(declared), len(stored)))]
        return len(head) == len(stored) and all(
            new.name == old.name and _extends(new.type, old.type)
            for new, old in zip(head, stored, strict=True)
        )
    if pa.types.is_list(declared) and pa.types.is_list(stored):
        return _extends(declared.value_type, stored.value_type)
    if pa.types.is_map(declared) and pa.types.is_map(stored):
        return declared.key_type == stored.key_type and _extends(
            declared.item_type, stored.item_type
        )
    return bool(declared == stored)
