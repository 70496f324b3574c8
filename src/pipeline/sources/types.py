"""Arrow types that every engine reads alike, and what the others become.

Dictionaries become their values, nanoseconds become microseconds (both engines keep no more),
unsigned and odd-sized numbers the next plain one that loses nothing, bytes become text. A type
that no value has, at any depth, becomes text that is NULL. A struct with names that differ in case
only, which no engine can tell apart, is a map that a writer took for a struct, and becomes one.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import types as T

_SPARK = {
    pa.string(): T.StringType(),
    pa.large_string(): T.StringType(),
    pa.bool_(): T.BooleanType(),
    pa.int8(): T.ByteType(),
    pa.int16(): T.ShortType(),
    pa.int32(): T.IntegerType(),
    pa.int64(): T.LongType(),
    pa.float32(): T.FloatType(),
    pa.float64(): T.DoubleType(),
    pa.date32(): T.DateType(),
}


def spark_type(held: pa.DataType) -> T.DataType:
    """The Spark type of a plain Arrow type. A time without a zone is taken to be UTC."""
    if held in _SPARK:
        return _SPARK[held]
    if pa.types.is_timestamp(held):
        return T.TimestampType()
    if pa.types.is_decimal128(held):
        return T.DecimalType(held.precision, held.scale)
    if pa.types.is_list(held):
        return T.ArrayType(spark_type(held.value_type))
    if pa.types.is_map(held):
        return T.MapType(spark_type(held.key_type), spark_type(held.item_type))
    if pa.types.is_struct(held):
        return T.StructType([T.StructField(f.name, spark_type(f.type)) for f in held])
    raise ValueError(f"{held} is not a plain type")


def is_plain(held: pa.DataType) -> bool:
    """Whether both engines read a Parquet column of this Arrow type as it is."""
    if pa.types.is_timestamp(held):
        return held.unit in ("ms", "us")
    if pa.types.is_decimal128(held):
        return bool(0 <= held.scale <= held.precision)
    if pa.types.is_list(held):
        return is_plain(held.value_type)
    if pa.types.is_map(held):
        return is_plain(held.key_type) and is_plain(held.item_type)
    if pa.types.is_struct(held):
        names = [field.name.lower() for field in held]
        unique = len(names) == len(set(names)) and bool(names)
        return unique and all(is_plain(field.type) for field in held)
    return held in _SPARK


def plain_type(held: pa.DataType) -> pa.DataType:
    """The plain type nearest to `held`; text for what has none."""
    if isinstance(held, pa.BaseExtensionType):
        return plain_type(held.storage_type)
    if pa.types.is_dictionary(held) or pa.types.is_run_end_encoded(held):
        return plain_type(held.value_type)
    if pa.types.is_timestamp(held):
        return pa.timestamp("us", "UTC")
    if pa.types.is_date(held):
        return pa.date32()
    if pa.types.is_integer(held):
        return pa.string() if held == pa.uint64() else pa.int64()
    if pa.types.is_floating(held):
        # A float stays one: as a double it would pass for a number that has all its digits.
        return held if held == pa.float64() else pa.float32()
    if _is_list(held):
        return pa.list_(plain_type(held.value_type))
    if pa.types.is_map(held):
        return pa.map_(plain_type(held.key_type), plain_type(held.item_type))
    if pa.types.is_struct(held):
        if _stands_for_map(held):
            return pa.map_(pa.string(), pa.string())
        fields = [pa.field(f.name, plain_type(f.type)) for f in _named_once(held)]
        return pa.struct(fields) if fields else pa.string()
    return held if is_plain(held) else pa.string()


def as_plain(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The array in its plain type; ArrowInvalid for a value that cannot be, as bytes not UTF-8."""
    kind = array.type
    if kind == wanted:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), wanted)
    if isinstance(kind, pa.BaseExtensionType):
        return as_plain(array.storage, wanted)
    if pa.types.is_dictionary(kind):
        return as_plain(array.dictionary_decode(), wanted)
    if pa.types.is_run_end_encoded(kind):
        return as_plain(pc.run_end_decode(array), wanted)
    if pa.types.is_struct(kind) and pa.types.is_map(wanted):
        return _as_map(array)
    if pa.types.is_struct(kind) and pa.types.is_struct(wanted):
        at = {field.name: kind.get_field_index(field.name) for field in wanted}
        children = [
            as_plain(pc.struct_field(array, [at[field.name]]), field.type) for field in wanted
        ]
        return pa.StructArray.from_arrays(children, fields=list(wanted), mask=array.is_null())
    if _is_list(kind) and pa.types.is_list(wanted) and kind.value_type != wanted.value_type:
        return pa.array(array.to_pylist(), wanted) if _is_nested(kind) else array.cast(wanted)
    if pa.types.is_map(kind):
        return pa.array(array.to_pylist(), wanted)
    if pa.types.is_timestamp(kind) and kind.tz is None:
        array = array.cast(pa.timestamp("us"), safe=False)
        return array.cast(wanted)
    return array.cast(wanted, safe=not pa.types.is_timestamp(kind))


def _is_list(held: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(held) or pa.types.is_large_list(held) or pa.types.is_fixed_size_list(held)
    )


def _is_nested(held: pa.DataType) -> bool:
    return bool(pa.types.is_nested(held.value_type) or pa.types.is_dictionary(held.value_type))


def _stands_for_map(held: pa.StructType) -> bool:
    """Whether names differ in case only, and the values are no structures themselves."""
    names = {field.name for field in held}
    return len({name.lower() for name in names}) < len(names) and not any(
        pa.types.is_nested(field.type) for field in held
    )


def _as_map(array: pa.StructArray) -> pa.MapArray:
    """Each row's fields that have a value, as text by name."""
    names, rows = [field.name for field in array.type], len(array)
    values = [
        as_plain(value, plain_type(value.type)).cast(pa.string()) for value in array.flatten()
    ]
    by_row = np.arange(rows * len(names)).reshape(len(names), rows).T.ravel()
    items = pa.concat_arrays(values).take(pa.array(by_row))
    keys = pa.array(np.tile(np.array(names, dtype=object), rows), pa.string())
    is_filled = items.is_valid()
    filled = is_filled.to_numpy(zero_copy_only=False).reshape(rows, len(names)).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(filled)]).astype(np.int32)
    return pa.MapArray.from_arrays(
        pa.array(offsets, mask=np.append(array.is_null().to_numpy(zero_copy_only=False), False)),
        keys.filter(is_filled),
        items.filter(is_filled),
    )


def _named_once(held: pa.StructType) -> list[pa.Field]:
    """Fields an engine can tell apart: named once whatever the case."""
    found: dict[str, pa.Field] = {}
    for field in held:
        found.setdefault(field.name.lower(), field)
    return list(found.values())
