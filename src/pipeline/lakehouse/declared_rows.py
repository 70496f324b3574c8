"""Frames in the shape of a declaration: on their way to a table, and out of it."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column as Value
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from pipeline.tables.declaration import Table
from pipeline.tables.types import arrow_type, spark_type


def declared(table: Table, rows: DataFrame) -> DataFrame:
    """`rows` with the table's columns in order and type; ValueError where some are missing.

    Map entries are sorted by key, since two maps that differ in their order only are the same map.
    Fields of structs keep their order: `structs_by_name` changes it, or whoever writes the rows.
    """
    types = {field.name: field.dataType for field in rows.schema.fields}
    missing = [name for name in table.column_names if name not in types]
    if missing:
        raise ValueError(f"rows for {table.full_name} lack the columns {', '.join(missing)}")
    selected = []
    for column in table.columns:
        value, kind = F.col(column.name), types[column.name]
        if not isinstance(kind, StructType | ArrayType | MapType):
            value = value.cast(column.type)
        # Nested types are aligned by name later: an engine casts structs by position.
        elif isinstance(kind, MapType) and not isinstance(kind.valueType, MapType):
            value = F.map_from_entries(F.array_sort(F.map_entries(value)))
        selected.append(value.alias(column.name))
    return rows.select(selected)


def structs_by_name(table: Table, rows: DataFrame) -> DataFrame:
    """Declared `rows` with the fields of their structs in the declared order, absent ones NULL.

    ValueError for a field that is not declared.
    """
    try:
        return rows.select(
            [
                _aligned(F.col(field.name), field.dataType, arrow_type(column.type))
                .cast(column.type)
                .alias(column.name)
                for field, column in zip(rows.schema.fields, table.columns, strict=True)
            ]
        )
    except ValueError as error:
        raise ValueError(f"rows for {table.full_name}: {error}") from error


def undeclared(fields: set[str]) -> str:
    """The message about a struct with fields that the declaration does not have."""
    return f"struct has the fields {sorted(fields)}, which are not declared"


def as_declared(table: Table, stored: DataFrame, stored_names: Sequence[str]) -> DataFrame:
    """The declared columns of `stored`, which has the columns `stored_names`; NULL in those that it does
    not have yet."""
    if tuple(stored_names) == table.column_names:
        return stored
    return stored.select(
        [
            F.col(column.name)
            if column.name in stored_names
            else F.lit(None).cast(column.type).alias(column.name)
            for column in table.columns
        ]
    )


def _aligned(value: Value, arriving: DataType, declared_type: pa.DataType) -> Value:
    if isinstance(arriving, StructType) and pa.types.is_struct(declared_type):
        fields = {field.name: field.dataType for field in arriving.fields}
        names = [field.name for field in declared_type]
        if unknown := set(fields) - set(names):
            raise ValueError(undeclared(unknown))
        parts = [
            _aligned(value.getField(field.name), fields[field.name], field.type)
            if field.name in fields
            else F.lit(None).cast(spark_type(field.type))
            for field in declared_type
        ]
        named = [part.alias(name) for part, name in zip(parts, names, strict=True)]
        return F.when(value.isNotNull(), F.struct(*named))
    if isinstance(arriving, ArrayType) and _holds_struct(arriving):
        return F.transform(
            value, lambda item: _aligned(item, arriving.elementType, declared_type.value_type)
        )
    return value


def _holds_struct(kind: DataType) -> bool:
    if isinstance(kind, ArrayType):
        return _holds_struct(kind.elementType)
    return isinstance(kind, StructType)
