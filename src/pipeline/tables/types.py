"""The types of declared columns: as Arrow has them, as Spark SQL spells them, and what a stored one lacks.

A declaration spells a type as Spark SQL does. It is parsed by sqlglot's Databricks dialect, so
`struct<a: array<string>>` means here what it means there.
"""

from collections.abc import Iterator
from functools import cache

import pyarrow as pa
from sqlglot import exp

from pipeline.tables.declaration import Table
from pipeline.tables.derive import identifier

__all__ = ["arrow_schema", "arrow_type", "extends", "new_field_types", "spark_type"]

_DIALECT = "databricks"
_SCALAR = {
    exp.DataType.Type.TEXT: pa.string(),
    exp.DataType.Type.BOOLEAN: pa.bool_(),
    exp.DataType.Type.INT: pa.int32(),
    exp.DataType.Type.BIGINT: pa.int64(),
    exp.DataType.Type.DOUBLE: pa.float64(),
    exp.DataType.Type.DATE: pa.date32(),
    # Timezone-aware on purpose: naive times would turn on Delta's timestampNtz feature.
    exp.DataType.Type.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
    exp.DataType.Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    exp.DataType.Type.BINARY: pa.binary(),
}
_SPELLED = {
    kind: node.value.lower()
    for node, kind in _SCALAR.items()
    if node not in (exp.DataType.Type.TEXT, exp.DataType.Type.TIMESTAMPTZ)
} | {pa.string(): "string"}


@cache
def arrow_type(spark_type: str) -> pa.DataType:
    """The Arrow type of a Spark SQL type string; ValueError for one we do not use."""
    return _arrow(exp.DataType.build(spark_type, dialect=_DIALECT), spark_type)


def _arrow(node: exp.DataType, spelled: str) -> pa.DataType:
    if node.this in _SCALAR:
        return _SCALAR[node.this]
    inner = node.expressions
    match node.this:
        case exp.DataType.Type.DECIMAL:
            precision, scale = (int(parameter.this.name) for parameter in inner)
            return pa.decimal128(precision, scale)
        case exp.DataType.Type.ARRAY:
            return pa.list_(_arrow(inner[0], spelled))
        case exp.DataType.Type.MAP:
            return pa.map_(_arrow(inner[0], spelled), _arrow(inner[1], spelled))
        case exp.DataType.Type.STRUCT:
            return pa.struct([(field.name, _arrow(field.args["kind"], spelled)) for field in inner])
    raise ValueError(f"type {spelled!r} is not one that RightRun's tables use")


def spark_type(kind: pa.DataType) -> str:
    """The Spark SQL type that `arrow_type` made `kind` of."""
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{identifier(f.name)}:{spark_type(f.type)}' for f in kind)}>"
    if pa.types.is_list(kind):
        return f"array<{spark_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{spark_type(kind.key_type)},{spark_type(kind.item_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return str(_SPELLED[kind])


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """The table's Arrow schema, nullability and comments included."""
    return pa.schema(
        pa.field(
            column.name,
            arrow_type(column.type),
            nullable=column.nullable,
            metadata={"comment": column.comment},
        )
        for column in table.columns
    )


def extends(declared: pa.DataType, stored: pa.DataType) -> bool:
    """Whether `declared` is `stored` with fields added at the end of its structs.

    At the end only, because engines cast structs by position.
    """
    if pa.types.is_struct(declared) and pa.types.is_struct(stored):
        head = [declared.field(index) for index in range(min(len(declared), len(stored)))]
        return len(head) == len(stored) and all(
            new.name == old.name and extends(new.type, old.type)
            for new, old in zip(head, stored, strict=True)
        )
    if pa.types.is_list(declared) and pa.types.is_list(stored):
        return extends(declared.value_type, stored.value_type)
    if pa.types.is_map(declared) and pa.types.is_map(stored):
        same_keys = declared.key_type == stored.key_type
        return same_keys and extends(declared.item_type, stored.item_type)
    return bool(declared == stored)


def new_field_types(
    declared: pa.DataType, stored: pa.DataType
) -> Iterator[tuple[tuple[str, ...], pa.DataType]]:
    """Path and type of each struct field that `declared` has beyond `stored`, which it extends.

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
