"""A stored table against its declaration: made as declared, grown with it, never retyped."""

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema, write_deltalake

from pipeline.errors import UserError
from pipeline.lakehouse.schema_growth import growth_to
from pipeline.tables.declaration import Column, Table
from pipeline.tables.derive import described
from pipeline.tables.types import arrow_type

_CHANGE_FEED = {"delta.enableChangeDataFeed": "true"}
_SKIPPING = "delta.dataSkippingStatsColumns"
_WITHOUT_BOUNDS = ("decimal", "struct", "array", "map")
"""The log keeps a decimal's bounds as doubles, and Sail takes a column that has one value from there:
the last of its eighteen places would be lost. Bounds of nested columns serve nobody."""


def make(path: Path, table: Table) -> None:
    """A new empty Delta table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    DeltaTable.create(
        str(path),
        schema=pa.schema([_field(column) for column in table.columns]),
        name=table.name,
        description=table.grain,
        partition_by=[table.partition_by] if table.partition_by else None,
        configuration=_properties(table),
    )


def _properties(table: Table) -> dict[str, str]:
    bounded = [
        column.name
        for column in table.columns
        if column.name != table.partition_by and not column.type.startswith(_WITHOUT_BOUNDS)
    ]
    return _CHANGE_FEED | {_SKIPPING: ",".join(bounded)}


def grow(delta: DeltaTable, table: Table) -> None:
    """Add the columns, struct fields, comments and properties that the declaration gained; refuse the
    rest."""
    if (partition := delta.metadata().partition_columns) != (
        [table.partition_by] if table.partition_by else []
    ):
        raise UserError(
            f"table {table.full_name} is partitioned by {', '.join(partition) or 'nothing'}, "
            f"but declared by {table.partition_by or 'nothing'}: rebuild it"
        )
    growth = growth_to(table, stored_schema(delta), has_rows=lambda: bool(delta.file_uris()))
    if growth.gained:
        fields = Schema.from_arrow(pa.schema([_field(column) for column in growth.gained])).fields
        delta.alter.add_columns([Field.from_json(field.to_json()) for field in fields])
    if growth.widened:
        _widen(delta, list(growth.widened))
    for column in growth.described_anew:
        delta.alter.set_column_metadata(column.name, {"comment": described(column)})
    properties = _properties(table)
    if properties.items() - delta.metadata().configuration.items():
        delta.alter.set_table_properties(properties, raise_if_not_exists=False)


def stored_schema(delta: DeltaTable) -> pa.Schema:
    """The table's schema in the Arrow types that declarations use, comments included."""
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


def _widen(delta: DeltaTable, columns: list[Column]) -> None:
    # delta-rs has no verb for a new struct field: an empty append that merges schemas adds it.
    stored = stored_schema(delta)
    for column in columns:
        position = stored.get_field_index(column.name)
        stored = stored.set(position, stored.field(position).with_type(arrow_type(column.type)))
    write_deltalake(delta, stored.empty_table(), mode="append", schema_mode="merge")
