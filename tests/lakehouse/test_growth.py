"""A declaration that changed after its table was made."""

from dataclasses import replace

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.declaration import Column, Table
from pipeline.tables.derive import spark_schema
from tests.lakehouse.examples import FULL, THINGS, things


def with_type(name: str, kind: str) -> Table:
    columns = tuple(
        replace(column, type=kind) if column.name == name else column for column in THINGS.columns
    )
    return replace(THINGS, columns=columns)


@pytest.fixture
def filled(lakehouse: Lakehouse, spark: SparkSession) -> Lakehouse:
    lakehouse.create(THINGS)
    lakehouse.merge(THINGS, things(spark, FULL))
    return lakehouse


def test_create_twice_is_create_once(filled: Lakehouse) -> None:
    filled.create(THINGS)
    assert filled.version(THINGS) == 1


def test_a_table_is_made_as_declared(folder: DeltaFolder) -> None:
    folder.create(THINGS)
    delta = DeltaTable(str(folder.path(THINGS)))
    assert delta.metadata().configuration["delta.enableChangeDataFeed"] == "true"
    assert delta.metadata().partition_columns == ["day"]
    assert delta.metadata().description == THINGS.grain
    comments = {field.name: field.metadata["comment"] for field in delta.schema().fields}
    assert comments["name"] == "It's a name [words]"
    # A reader feature would keep other engines out.
    assert delta.protocol().min_reader_version == 1


def test_a_table_made_before_gains_its_properties_once(folder: DeltaFolder) -> None:
    folder.create(THINGS)
    delta = DeltaTable(str(folder.path(THINGS)))
    made = delta.metadata().configuration
    told = made["delta.dataSkippingStatsColumns"].split(",")
    assert "name" in told
    assert not {"cost", "tags", "compute", "trigger", "ids"} & set(told)
    delta.alter.set_table_properties({"delta.dataSkippingStatsColumns": "id"})
    for _ in range(2):
        folder.create(THINGS)
        assert DeltaTable(str(folder.path(THINGS))).metadata().configuration == made
        assert folder.version(THINGS) == 2


def test_a_gained_column_is_null_in_old_rows_and_written_in_new(
    filled: Lakehouse, spark: SparkSession
) -> None:
    grown = replace(THINGS, columns=(Column("extra", "map<string,int>", "New"), *THINGS.columns))
    filled.create(grown)
    filled.create(grown)
    assert filled.version(grown) == 2
    new = things(spark, FULL | {"id": "new"}).selectExpr("map('x', 1) AS extra", "*")
    assert filled.merge(grown, new).inserted == 1
    rows = filled.read(grown).orderBy("id")
    assert rows.columns == list(grown.column_names)
    assert [row["extra"] for row in rows.collect()] == [None, {"x": 1}]
    # The old row is unchanged, until it gets a value.
    old = things(spark, FULL)
    assert (
        filled.merge(grown, old.selectExpr("CAST(NULL AS map<string,int>) AS extra", "*")).rows == 0
    )
    assert filled.merge(grown, old.selectExpr("map('y', 2) AS extra", "*")).updated == 1
    assert filled.read(grown, 1).select("extra").collect()[0][0] is None


def test_a_gained_struct_field_is_null_in_old_rows(filled: Lakehouse, spark: SparkSession) -> None:
    grown = with_type("compute", "array<struct<kind:string, node:string, zone:string>>")
    filled.create(grown)
    filled.create(grown)
    assert filled.version(grown) == 2
    values = FULL | {"id": "new", "compute": [("CLUSTER", "m5", "eu")]}
    rows = [tuple(values[name] for name in grown.column_names)]
    filled.merge(grown, spark.createDataFrame(rows, spark_schema(grown)))
    stored = {row["id"]: row["compute"] for row in filled.read(grown).collect()}
    assert stored["new"][0]["zone"] == "eu"
    assert tuple(stored["a"][0]) == ("CLUSTER", "m5", None)
    # Rows of the old shape still fit, and still equal what is stored.
    assert filled.merge(grown, things(spark, FULL)).rows == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("share", "decimal(38,18)"),
        ("count", "bigint"),
        ("cost", "decimal(18,9)"),
        ("compute", "array<struct<kind:string, zone:string, node:string>>"),
        ("compute", "array<struct<kind:string>>"),
        ("tags", "map<string,int>"),
    ],
)
def test_a_retyped_column_is_refused_by_name(filled: Lakehouse, name: str, kind: str) -> None:
    with pytest.raises(UserError, match=rf"silver\.things: column {name} is stored as"):
        filled.create(with_type(name, kind))
    assert filled.version(THINGS) == 1


def test_a_gained_required_column_is_refused_where_rows_lack_it(filled: Lakehouse) -> None:
    required = Column("must", "int", "Required", nullable=False)
    with pytest.raises(UserError, match=r"silver\.things has no column must"):
        filled.create(replace(THINGS, columns=(*THINGS.columns, required)))


def test_another_partition_is_refused(folder: DeltaFolder) -> None:
    folder.create(THINGS)
    with pytest.raises(UserError, match=r"partitioned by day, but declared by nothing"):
        folder.create(replace(THINGS, partition_by=None))


def test_a_new_comment_is_kept(folder: DeltaFolder) -> None:
    folder.create(THINGS)
    columns = tuple(
        replace(column, comment="Better") if column.name == "share" else column
        for column in THINGS.columns
    )
    folder.create(replace(THINGS, columns=columns))
    fields = {field.name: field for field in DeltaTable(str(folder.path(THINGS))).schema().fields}
    assert fields["share"].metadata["comment"] == "Better"
    assert fields["order"].metadata["comment"] == "A reserved word"
    assert not folder.changed(THINGS, 0)
