"""Declarations refuse what makes no sense, and everything else follows from them."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from sqlglot import exp

from pipeline.tables import bronze, gold
from pipeline.tables.catalogue import TABLES, table_named
from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable, Table
from pipeline.tables.derive import ddl, markdown, quoted, row_checks, spark_schema
from pipeline.tables.source import SOURCE_TABLES
from pipeline.tables.types import arrow_schema, arrow_type

_ID = Column("id", "string", "Id", nullable=False)
_DAY = Column("day", "date", "Day", nullable=False)


def _table(**columns: Any) -> Table:
    required: dict[str, Any] = {
        "layer": Layer.GOLD,
        "name": "made",
        "grain": "one thing",
        "keys": ("id",),
        "columns": (_ID, _DAY),
    }
    return Table(**(required | columns))


def _source(**columns: Any) -> SourceTable:
    required: dict[str, Any] = {
        "layer": Layer.SOURCE,
        "name": "made",
        "grain": "one thing",
        "keys": ("id",),
        "columns": (_ID, _DAY),
        "system_name": "system.a.made",
        "arrival": Arrival.APPEND,
        "watermark": "day",
        "switches_off": "x",
    }
    return SourceTable(**(required | columns))


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: Column("Id", "string", "x"), "lower snake case"),
        (lambda: Column("a b", "string", "x"), "lower snake case"),
        (lambda: Column("id\n", "string", "x"), "lower snake case"),
        (lambda: Column("id", "string", ""), "comment is required"),
        (lambda: Column("id", "int", "x", minimum=2, maximum=1), "minimum 2 > maximum 1"),
        (lambda: _table(name="Made"), "lower snake case"),
        (lambda: _table(grain=""), "grain is required"),
        (lambda: _table(columns=(_ID, _ID)), "declared twice: id"),
        (lambda: _table(keys=()), "keys are required"),
        (lambda: _table(keys=("other",)), "key other is not a column"),
        (lambda: _table(columns=(replace(_ID, nullable=True),)), "key id must not be nullable"),
        (lambda: _table(partition_by="other"), "partition other is not a column"),
        (lambda: _table(partition_by="id"), "must be a date, not null"),
        (
            lambda: _table(columns=(_ID, replace(_DAY, nullable=True)), partition_by="day"),
            "must be a date",
        ),
        (lambda: _source(layer=Layer.GOLD), "belongs to the source layer"),
        (lambda: _source(watermark=None), "have a watermark"),
        (lambda: _source(arrival=Arrival.SNAPSHOT), "have a watermark"),
        (lambda: _source(observed_at="other"), "other is not a column"),
        (lambda: _source(interval=("day", "other")), "other is not a column"),
        (lambda: _source(keys=()), "keys are required"),
    ],
)
def test_a_declaration_without_sense_is_refused(
    declare: Callable[[], object], message: str
) -> None:
    _table(), _source()  # What the cases change is fine by itself.
    with pytest.raises(ValueError, match=message):
        declare()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_ddl_is_what_databricks_reads(table: Table) -> None:
    parsed = sqlglot.parse_one(ddl(table, f"main.{table.full_name}"), dialect="databricks")
    assert isinstance(parsed, exp.Create)
    columns = list(parsed.this.find_all(exp.ColumnDef))
    assert [column.name for column in columns if column.parent is parsed.this] == list(
        table.column_names
    )
    required = {
        c.name for c in columns if c.find(exp.NotNullColumnConstraint) and c.parent is parsed.this
    }
    assert required == {column.name for column in table.columns if not column.nullable}
    assert "'delta.enableChangeDataFeed' = 'true'" in ddl(table, "x")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
def test_quoted_text_comes_back(spark: SparkSession, text: str) -> None:
    """Comments hold apostrophes and backslashes; the engine must read what was written."""
    words = f"it's \\ '{text}' \\"
    assert spark.sql(f"SELECT {quoted(words)} AS words").collect()[0]["words"] == words
    (literal,) = sqlglot.parse_one(f"SELECT {quoted(words)}", dialect="databricks").find_all(
        exp.Literal
    )
    assert literal.is_string


def test_ddl_with_hostile_comments_stays_one_statement() -> None:
    hostile = "it's; DROP TABLE x -- \\' \\"
    table = _table(grain=hostile, columns=(replace(_ID, comment=hostile, unit="x'y"), _DAY))
    assert len(sqlglot.parse(ddl(table, "x"), dialect="databricks")) == 1


@pytest.mark.parametrize(
    ("spelled", "kind"),
    [
        ("string", pa.string()),
        ("int", pa.int32()),
        ("bigint", pa.int64()),
        ("double", pa.float64()),
        ("boolean", pa.bool_()),
        ("date", pa.date32()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("decimal(38,18)", pa.decimal128(38, 18)),
        ("array<string>", pa.list_(pa.string())),
        ("map<string,string>", pa.map_(pa.string(), pa.string())),
        (
            "struct<a:array<struct<b:int>>, c:decimal(18,9)>",
            pa.struct(
                [("a", pa.list_(pa.struct([("b", pa.int32())]))), ("c", pa.decimal128(18, 9))]
            ),
        ),
    ],
)
def test_arrow_types(spelled: str, kind: pa.DataType) -> None:
    assert arrow_type(spelled) == kind


@pytest.mark.parametrize("spelled", ["variant", "array<interval>", "timestamp_ntz", "float"])
def test_types_we_do_not_use_are_refused(spelled: str) -> None:
    with pytest.raises(ValueError, match="is not one that"):
        arrow_type(spelled)


def test_the_engine_reads_every_declared_type(spark: SparkSession) -> None:
    for table in TABLES:
        frame = spark.createDataFrame([], schema=spark_schema(table))
        assert tuple(frame.columns) == table.column_names
        assert frame.toArrow().schema.names == arrow_schema(table).names


def test_checks_catch_what_breaks_them_and_nothing_else(spark: SparkSession) -> None:
    table = _table(
        columns=(
            _ID,
            Column("share", "double", "Share", minimum=0, maximum=1),
            Column("word", "string", "Word", one_of=("it's", "b\\c")),
        )
    )
    rows = [
        ("good", 0.5, "it's", None),
        ("edges", 0.0, "b\\c", None),
        ("nulls", None, None, None),
        (None, 1.0, "it's", "not_null id"),
        ("low", -0.1, "it's", "minimum share"),
        ("high", 1.1, "it's", "maximum share"),
        ("word", 0.5, "its", "one_of word"),
    ]
    frame = spark.createDataFrame(rows, "id string, share double, word string, breaks string")
    for check in row_checks(table):
        caught = [row["breaks"] for row in frame.where(check.violation).collect()]
        assert caught == [f"{check.name} {check.column}"]
    assert len(row_checks(table)) == 4


def test_bronze_keeps_no_secret() -> None:
    secrets = {(t.name, c.name) for t in SOURCE_TABLES for c in t.columns if c.sensitive}
    assert secrets
    for table in SOURCE_TABLES:
        names = bronze.BRONZE_OF[table.name].column_names
        assert [name for name in names if (table.name, name) in secrets] == []
        assert set(table.keys) <= set(bronze.BRONZE_OF[table.name].keys)


def test_tables_are_found_by_name() -> None:
    assert table_named("gold.jobs") is gold.JOBS
    assert table_named("job_daily") is gold.JOB_DAILY
    for name in ("jobs", "nothing", "gold.nothing"):
        with pytest.raises(KeyError):
            table_named(name)
    assert len({table.full_name for table in TABLES}) == len(TABLES)


def test_every_table_has_its_page() -> None:
    for table in TABLES:
        page = markdown(table).splitlines()
        rows = [line for line in page if line.startswith("| `")]
        assert len(rows) == len(table.columns)
        assert all(line.replace("\\|", "").count("|") == 4 for line in rows)


def test_declarations_import_no_engine() -> None:
    forbidden = ("pyspark", "mlflow", "databricks", "deltalake", "pandas")
    code = (
        "import json, sys, pipeline.tables.catalogue, pipeline.tables.types\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(out.stdout)
    assert "pipeline.tables.gold" in loaded
    assert [name for name in loaded if name.split(".")[0] in forbidden] == []


def test_times_of_a_declaration_are_aware() -> None:
    """Naive times would turn on a Delta feature that old readers refuse."""
    for table in TABLES:
        for field in arrow_schema(table):
            if pa.types.is_timestamp(field.type):
                assert field.type.tz == "UTC"
