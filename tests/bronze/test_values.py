"""Values as exports really hold them: what stands for NULL, for a map, for an id, and what is lost."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipeline.bronze.conform import PROBLEM, UNREAD, conform
from pipeline.bronze.flaws import try_out
from pipeline.sources.export import ExportFolder
from pipeline.tables import source
from pipeline.tables.declaration import SourceTable
from tests.bronze.ingesting import NOW
from tests.sources.small import arrow_rows

_NOTHING = pa.null()


def _exported(folder: Path, table: SourceTable, columns: dict[str, pa.Array]) -> None:
    rows = arrow_rows(table, rows=len(next(iter(columns.values()))))
    for name, values in columns.items():
        rows = rows.set_column(rows.column_names.index(name), name, values)
    pq.write_table(rows, folder / f"{table.name}.parquet")


def _conformed(
    spark: SparkSession, folder: Path, table: SourceTable, columns: dict[str, pa.Array]
) -> list[dict[str, Any]]:
    """The rows of an export of these columns, the others whole."""
    _exported(folder, table, columns)
    delivery = ExportFolder(folder, spark).read(table, None)
    assert delivery is not None
    rows = conform(table, delivery.batches[0].parts[0], now=NOW)
    return [row.asDict(recursive=True) for row in rows.select(*columns, PROBLEM, UNREAD).collect()]


def _whole(row: dict[str, Any]) -> bool:
    return row[PROBLEM] is None and row[UNREAD] is None


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("delete_time", pa.array([None, None], pa.float64())),
        ("delete_time", pa.array([float("nan"), None])),
        ("delete_time", pa.array([[], None], pa.list_(_NOTHING))),
        ("paused", pa.array([None, None], pa.int64())),
        ("name", pa.array([{"a": None}, None], pa.struct([("a", _NOTHING)]))),
        ("health_rules", pa.array([None, None], pa.float64())),
        ("tags", pa.array([None, None], pa.int32())),
        ("trigger", pa.array([None, None], pa.bool_())),
        ("create_time", pa.array([None, None], pa.duration("ns"))),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else value,
)
def test_a_type_that_no_value_has_refuses_nothing(
    column: str, values: pa.Array, spark: SparkSession, tmp_path: Path
) -> None:
    for row in _conformed(spark, tmp_path, source.JOBS, {column: values}):
        assert row[column] is None
        assert _whole(row)


def test_a_type_without_values_inside_a_struct(spark: SparkSession, tmp_path: Path) -> None:
    kind = pa.struct(
        [
            ("default", pa.decimal128(2, 2)),
            ("promotional", pa.struct([("default", _NOTHING)])),
            ("effective_list", pa.float64()),
        ]
    )
    values = pa.array([{"default": "0.15", "promotional": {"default": None}}], _as_text(kind))
    (row,) = _conformed(spark, tmp_path, source.LIST_PRICES, {"pricing": values.cast(kind)})
    assert str(row["pricing"]["default"]) == "0.150000000000000000"
    assert row["pricing"]["effective_list"] is None
    assert _whole(row)


def _as_text(kind: pa.StructType) -> pa.StructType:
    """Arrow makes no decimal of a Python text."""
    return pa.struct(
        [pa.field(f.name, pa.string() if f.name == "default" else f.type) for f in kind]
    )


_PAIRS = pa.list_(pa.list_(pa.string()))
_ENTRIES = pa.list_(pa.struct([("value", pa.string()), ("key", pa.string())]))


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        (pa.array([[["team", "a"], ["x", None]], []], _PAIRS), [{"team": "a", "x": None}, {}]),
        (pa.array([[], [None]], pa.list_(_NOTHING)), [{}, {}]),
        (
            pa.array(
                [[{"key": None, "value": None}], [{}, None], []],
                pa.list_(pa.struct([("key", _NOTHING), ("value", pa.float64())])),
            ),
            [{}, {}, {}],
        ),
        (
            pa.array([[{"key": "team", "value": "a"}, {"key": "x", "value": None}], []], _ENTRIES),
            [{"team": "a", "x": None}, {}],
        ),
        (
            pa.array(['[["team", "[\\"b\\",\\"c\\"]"], ["n", 3]]', '[{"_1":"on","_2":true}]']),
            [{"team": '["b","c"]', "n": "3"}, {"on": "true"}],
        ),
        (
            pa.array(['{"team": "a", "n": 3, "on": true, "none": null}', "[]"]),
            [{"team": "a", "n": "3", "on": "true", "none": None}, {}],
        ),
        (
            pa.array(
                [
                    {"Team": "a", "team": None, "TEAM": None},
                    {"Team": None, "team": "b", "TEAM": "c"},
                ],
                pa.struct([(name, pa.string()) for name in ("Team", "team", "TEAM")]),
            ),
            [{"Team": "a"}, {"team": "b", "TEAM": "c"}],
        ),
        (
            pa.array(
                [{"Team": 1, "team": None}, None],
                pa.struct([("Team", pa.int8()), ("team", _NOTHING)]),
            ),
            [{"Team": "1"}, None],
        ),
    ],
)
def test_what_stands_for_a_map(
    values: pa.Array, tags: list[dict[str, str] | None], spark: SparkSession, tmp_path: Path
) -> None:
    rows = _conformed(spark, tmp_path, source.JOBS, {"tags": values})
    assert [row["tags"] for row in rows] == tags
    assert all(map(_whole, rows))


@pytest.mark.parametrize(
    "word",
    [
        "",
        "None",
        "NaN",
        "nan",
        "NaT",
        "<NA>",
        "NA",
        "#N/A",
        "(null)",
        "null",
        "\\N",
        "__HIVE_DEFAULT_PARTITION__",
    ],
)
def test_null_has_other_spellings(word: str, spark: SparkSession, tmp_path: Path) -> None:
    text = pa.array([word])
    names = (
        "creator_id",
        "delete_time",
        "paused",
        "timeout_seconds",
        "tags",
        "trigger",
        "health_rules",
    )
    (row,) = _conformed(spark, tmp_path, source.JOBS, dict.fromkeys(names, text))
    assert [row[name] for name in names] == [None] * len(names)
    assert _whole(row)


def test_a_name_is_what_users_call_it(spark: SparkSession, tmp_path: Path) -> None:
    values = pa.array(["None", "nan", "", "__HIVE_DEFAULT_PARTITION__"])
    rows = _conformed(spark, tmp_path, source.JOBS, {"name": values})
    assert [row["name"] for row in rows] == ["None", "nan", None, None]


_ROUNDED = "the id was rounded by a spreadsheet (scientific notation)"
_BEYOND = "the id has lost digits as a floating-point number"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (pa.array(["9.12346E+14"]), _ROUNDED),
        (pa.array(["9,1E+14"]), _ROUNDED),
        (pa.array(["1e+16"]), _ROUNDED),
        (pa.array(["9.12345678901234E14"]), _ROUNDED),
        (pa.array([1.2e16]), _BEYOND),
        (pa.array([2.0**24 + 2], pa.float32()), _BEYOND),
        (pa.array(["12345678901234567.0"]), _BEYOND),
        (pa.array([7.5]), "cannot be read as string"),
        (pa.array([float("nan")]), "is missing"),
        (pa.array(["nan"]), "is missing"),
    ],
)
@pytest.mark.parametrize("is_copied", [False, True])
def test_an_id_that_lost_digits_is_none(
    values: pa.Array, reason: str, is_copied: bool, spark: SparkSession, tmp_path: Path
) -> None:
    # A file with a column that an engine does not read is copied, and that must lose nothing either.
    other = {"run_name": pa.array(["x"]).dictionary_encode()} if is_copied else {}
    (row,) = _conformed(spark, tmp_path, source.JOB_RUN_TIMELINE, {"run_id": values, **other})
    assert row["run_id"] is None
    assert reason in row[PROBLEM]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("912345678901234.0", "912345678901234"),
        (912345678901234.0, "912345678901234"),
        (912345678901234, "912345678901234"),
        ("12e45678901234ab", "12e45678901234ab"),
        ("0e12345678901234", "0e12345678901234"),
        ("run.7+1", "run.7+1"),
    ],
)
def test_an_id_that_lost_nothing(
    value: object, text: str, spark: SparkSession, tmp_path: Path
) -> None:
    (row,) = _conformed(spark, tmp_path, source.JOB_RUN_TIMELINE, {"run_id": pa.array([value])})
    assert row["run_id"] == text
    assert _whole(row)


def test_an_id_inside_a_struct(spark: SparkSession, tmp_path: Path) -> None:
    values = pa.array(['{"job_id": "9.1E+14", "cluster_id": "c", "job_run_id": 7}'])
    (row,) = _conformed(spark, tmp_path, source.USAGE, {"usage_metadata": values})
    metadata = row["usage_metadata"]
    assert row[PROBLEM] is None
    assert row[UNREAD] == f"column usage_metadata.job_id: {_ROUNDED}, so export ids as text"
    assert (metadata["job_id"], metadata["cluster_id"], metadata["job_run_id"]) == (None, "c", "7")


def test_an_unreadable_value_costs_itself(spark: SparkSession, tmp_path: Path) -> None:
    columns = {
        "setup_duration_seconds": pa.array(["a while", "7", "-1000000000000"]),
        "compute_ids": pa.array(["c1", '["c1"]', "[]"]),
        "run_name": pa.array(["n", "n", "n"]),
    }
    rows = _conformed(spark, tmp_path, source.JOB_RUN_TIMELINE, columns)
    assert [row["setup_duration_seconds"] for row in rows] == [None, 7, None]
    assert [row["compute_ids"] for row in rows] == [None, ["c1"], []]
    assert [row["run_name"] for row in rows] == ["n"] * 3
    assert [row[PROBLEM] for row in rows] == [None] * 3
    assert [row[UNREAD] for row in rows] == [
        "column compute_ids cannot be read as array;"
        " column setup_duration_seconds cannot be read as bigint",
        None,
        "column setup_duration_seconds is beyond any sense",
    ]


def test_an_outcome_that_cannot_be_read_is_not_one_that_is_still_to_come(
    spark: SparkSession, tmp_path: Path
) -> None:
    values = pa.array([["SUCCEEDED"], None], pa.list_(pa.string()))
    rows = _conformed(spark, tmp_path, source.JOB_RUN_TIMELINE, {"result_state": values})
    assert [row["result_state"] for row in rows] == ["UNREADABLE", None]
    assert [row[UNREAD] is None for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("table", "column"), [(source.LIST_PRICES, "price_end_time"), (source.JOBS, "delete_time")]
)
def test_a_value_whose_absence_would_say_something_costs_the_row(
    table: SourceTable, column: str, spark: SparkSession, tmp_path: Path
) -> None:
    rows = _conformed(spark, tmp_path, table, {column: pa.array(["at the end of the year", None])})
    problems = [row[PROBLEM] for row in rows]
    assert problems == [f"column {column} cannot be read as timestamp", None]


def test_flaws_are_counted_by_reason_and_quote_nothing(spark: SparkSession, tmp_path: Path) -> None:
    columns = {
        "run_id": pa.array(["1", "9.1E+14", "9.2E+14", None]),
        "compute_ids": pa.array(["secret", "secret", None, None]),
        "trigger_type": pa.array(["CRON"] * 4),
    }
    _exported(tmp_path, source.JOB_RUN_TIMELINE, columns)
    whole = pq.read_table(tmp_path / "job_run_timeline.parquet")
    pq.write_table(whole.drop_columns(["result_state"]), tmp_path / "job_run_timeline.parquet")
    flaws = try_out(ExportFolder(tmp_path, spark), source.JOB_RUN_TIMELINE, datetime.now(UTC))
    assert (flaws.received, flaws.rejected, flaws.partial) == (4, 3, 1)
    assert flaws.absent == ("result_state",)
    assert not flaws.nothing_kept
    assert [flaws.exceeds(share) for share in (0.5, 0.75)] == [True, False]
    assert flaws.sentences() == [
        "3 of 4 rows of system.lakeflow.job_run_timeline (75.0%) could not be kept: column run_id:"
        f" {_ROUNDED}, so export ids as text (2); column run_id is missing (1)",
        "1 of 4 rows of system.lakeflow.job_run_timeline (25.0%) were kept without a value:"
        " column compute_ids cannot be read as array",
    ]
