"""Struct columns that a staging model has taken apart: one column a field, named by its path.

`usage_metadata.job_id`, `usage_metadata_job_id` and `usage_metadata__job_id` name where they belong,
and become the struct again. A bare `job_id` may belong to anything: it is reported, and
not taken for a field.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.tables.declaration import Column, SourceTable
from pipeline.tables.types import arrow_type

Tree = Mapping[str, "str | Tree"]
"""A struct's fields: each by the column that holds it, or by its own fields' columns."""
_JOINTS = (".", "_", "__")


def fields_in_columns(column: Column, names_in_file: Mapping[str, str]) -> Tree:
    """The fields of a struct column that stand as columns of their own, by their path.
    `names_in_file` has every column of the file by its name in lower case."""
    kind = arrow_type(column.type)
    return _fields(kind, (column.name,), names_in_file) if pa.types.is_struct(kind) else {}


def _fields(kind: pa.StructType, path: tuple[str, ...], names_in_file: Mapping[str, str]) -> Tree:
    fields: dict[str, str | Tree] = {}
    for field in kind:
        place = (*path, field.name)
        names = [
            names_in_file[name] for joint in _JOINTS if (name := joint.join(place)) in names_in_file
        ]
        if names:
            fields[field.name] = names[0]
        elif pa.types.is_struct(field.type) and (
            inner := _fields(field.type, place, names_in_file)
        ):
            fields[field.name] = inner
    return fields


def columns_of(tree: Tree) -> Iterator[str]:
    """The columns of the file that the struct is made of."""
    for part in tree.values():
        if isinstance(part, str):
            yield part
        else:
            yield from columns_of(part)


def struct_type(tree: Tree, types: Mapping[str, pa.DataType]) -> pa.DataType:
    return pa.struct(
        [
            (name, types[part] if isinstance(part, str) else struct_type(part, types))
            for name, part in tree.items()
        ]
    )


def struct_of(tree: Tree, column: Callable[[str], pa.Array]) -> pa.Array:
    """The struct, NULL where all its fields are."""
    fields = [
        column(part) if isinstance(part, str) else struct_of(part, column) for part in tree.values()
    ]
    is_empty = reduce(pc.and_, (field.is_null() for field in fields))
    return pa.StructArray.from_arrays(fields, names=list(tree), mask=is_empty)


def unclaimed_fields(
    table: SourceTable, names: Mapping[str, str], read_columns: Mapping[str, object]
) -> list[str]:
    """A sentence for each struct that is not among `read_columns` and may be there in parts, since
    columns of the file, `names`, are called like its fields."""
    sentences = []
    for column in table.columns:
        kind = arrow_type(column.type)
        if column.name in read_columns or not pa.types.is_struct(kind):
            continue
        bare = [f.name for f in kind if f.name in names and f.name not in table.column_names]
        if bare:
            sentences.append(
                f"columns of {table.system_name} named like the fields of {column.name}"
                f" ({', '.join(bare)}) may be anybody's and are not read: export {column.name} as it is"
            )
    return sentences
