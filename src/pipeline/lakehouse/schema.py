"""A stored table against its declaration: made as declared, grown with it, never retyped."""

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema, write_deltalake

from pipeline.errors import UserError
from pipeline.tables.declaration import Column, Table
from pipeline.tables.derive import arrow_type, described

_PROPERTIES = {"delta.enableChangeDataFeed": "true"}


def make(path: Path, table: Table) -> None:
    """A new empty Delta table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    DeltaTable.create(
        str(path),
        schema=pa.schema([_field(column) for column in table.columns]),
        name=table.name,
        description=table.grain,
        partition_by=[table.partition_by] if table.partition_by else None,
        configuration=_PROPERTIES,
    )


def grow(delta: DeltaTable, table: Table) -> None:
    """Add the columns, struct fields and comments that the declaration gained; refuse the rest."""
    stored = stored_schema(delta)
    if (parts := delta.metadata().partition_columns) != (
        [table.partition_by] if table.partition_by else []
    ):
        raise UserError(
            f"table {table.full_name} is partitioned by {', '.join(parts) or 'nothing'}, "
            f"but declared by {table.partition_by or 'nothing'}: rebuild it"
        )
    gained, widened = [], []
    for column in table.columns:
        position = stored.get_field_index(column.name)
        if position < 0:
            if not column.nullable and delta.file_uris():
                raise UserError(
                    f"table {table.full_name} has no column {column.name}, and rows without it: "
                    "a new column must be nullable, or the table rebuilt"
                )
            gained.append(column)
            continue
        kept, wanted = stored.field(position), arrow_type(column.type)
        if kept.type == wanted:
            continue
        if not _extends(wanted, kept.type):
            raise UserError(
                f"table {table.full_name}: column {column.name} is stored as {kept.type}, "
                f"but declared as {wanted}: rename the column, or rebuild the table"
            )
        widened.append(column)
    if gained:
        fields = Schema.from_arrow(pa.schema([_field(column) for column in gained])).fields
        delta.alter.add_columns([Field.from_json(field.to_json()) for field in fields])
    if widened:
        _widen(delta, widened)
    _comment(delta, table)


def stored_schema(delta: DeltaTable) -> pa.Schema:
    """The table's schema in the Arrow types that declarations use."""
    return pa.schema(delta.schema())


def _field(column: Column) -> pa.Field:
    return pa.field(
        column.name,
        arrow_type(column.type),
        # Nullable on disk, whatever is declared: Sail cannot read the string_view that delta-rs
        # writes into a required column on a merge. Every write refuses NULL where none is declared.
        nullable=True,
        metadata={"comment": described(column)},
    )


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


def _widen(delta: DeltaTable, columns: list[Column]) -> None:
    # delta-rs has no verb for a new struct field: an empty append that merges schemas adds it.
    stored = stored_schema(delta)
    for column in columns:
        position = stored.get_field_index(column.name)
        stored = stored.set(position, stored.field(position).with_type(arrow_type(column.type)))
    write_deltalake(delta, stored.empty_table(), mode="append", schema_mode="merge")


def _comment(delta: DeltaTable, table: Table) -> None:
    stored = {field.name: field.metadata.get("comment", "") for field in delta.schema().fields}
    for column in table.columns:
        if stored[column.name] != described(column):
            delta.alter.set_column_metadata(column.name, {"comment": described(column)})
