"""NULL in and around required columns: an append and a merge agree on it, at any depth."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.derive import spark_schema

_NESTED = Table(
    layer=Layer.SILVER,
    name="nested",
    grain="a row with something required of every shape",
    keys=("id",),
    partition_by="day",
    columns=(
        Column("id", "string", "Key", nullable=False),
        Column("day", "date", "Partition", nullable=False),
        Column("list", "array<string>", "Names", nullable=False),
        Column("structs", "array<struct<a:string, b:array<int>>>", "Structs", nullable=False),
        Column("fields", "struct<a:string, b:struct<c:int>>", "A struct", nullable=False),
        Column("tags", "map<string,string>", "A map", nullable=False),
        Column("number", "bigint", "A number", nullable=False),
    ),
)
_FULL: dict[str, Any] = {
    "id": "a",
    "day": date(2026, 1, 1),
    "list": ["x"],
    "structs": [("p", [1])],
    "fields": ("p", (1,)),
    "tags": {"k": "v"},
    "number": 1,
}
_REQUIRED = ["list", "structs", "fields", "tags", "number"]
_INNER: dict[str, Any] = {
    "list": ["x", None],
    "structs": [None, (None, [1, None]), ("p", None)],
    "fields": (None, (None,)),
    "tags": {"k": None},
}
_WRITES = ["append", "unique", "merge", "merge into", "replace", "replace all"]


def _rows(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    values = [tuple(row[name] for name in _NESTED.column_names) for row in rows]
    return spark.createDataFrame(values, spark_schema(_NESTED))


def _write(lakehouse: Lakehouse, spark: SparkSession, how: str, row: dict[str, Any]) -> None:
    """`row` on its way into the table: into an empty one, or beside or instead of what stands."""
    lakehouse.create(_NESTED)
    rows = _rows(spark, row)
    if how in ("merge into", "replace all"):
        lakehouse.append(_NESTED, _rows(spark, _FULL | {"id": "other"}, _FULL))
    match how:
        case "append":
            lakehouse.append(_NESTED, rows)
        case "unique":
            lakehouse.append(_NESTED, rows, unique=True)
        case "merge" | "merge into":
            lakehouse.merge(_NESTED, rows)
        case _:
            lakehouse.replace(_NESTED, rows)


@pytest.mark.parametrize("how", _WRITES)
def test_null_in_place_of_a_required_value_is_refused_by_every_write(
    how: str, lakehouse: Lakehouse, spark: SparkSession
) -> None:
    for name in _REQUIRED:
        with pytest.raises(ValueError, match=f"{name} is NULL, but is declared not null"):
            _write(lakehouse, spark, how, _FULL | {name: None})
    known = {row["id"] for row in lakehouse.read(_NESTED).collect()}
    assert known <= {"a", "other"}


@pytest.mark.parametrize("how", _WRITES)
def test_null_inside_a_required_value_is_kept_by_every_write(
    how: str, lakehouse: Lakehouse, spark: SparkSession
) -> None:
    _write(lakehouse, spark, how, _FULL | _INNER)
    (found,) = lakehouse.read(_NESTED).where("id = 'a'").collect()
    assert {name: found[name] for name in _INNER} == _INNER
    empty = {"list": [], "structs": [], "tags": {}}
    lakehouse.merge(_NESTED, _rows(spark, _FULL | empty))
    (found,) = lakehouse.read(_NESTED).where("id = 'a'").collect()
    assert {name: found[name] for name in empty} == empty
