"""How a stored table follows its declaration: it gains columns, fields and comments, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from pipeline.errors import UserError
from pipeline.tables.declaration import Column, Table
from pipeline.tables.derive import described
from pipeline.tables.types import arrow_type, extends


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
            if not extends(declared_type, stored_field.type):
                raise UserError(
                    f"table {table.full_name}: column {column.name} is stored as {stored_field.type}, "
                    f"but declared as {declared_type}: rename the column, or rebuild the table"
                )
            widened.append(column)
        if (stored_field.metadata or {}).get(b"comment", b"").decode() != described(column):
            described_anew.append(column)
    return Growth(tuple(gained), tuple(widened), tuple(described_anew))
