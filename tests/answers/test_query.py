"""`rightrun sql`: all that a query says is carried out, or refused by its name."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipeline.answers.query import Result, run_query
from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import ops
from pipeline.tables.derive import spark_schema

_ROWS = 400


@pytest.fixture(scope="module")
def home(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DeltaFolder:
    """ops.schema_versions of 400 rows, before it of one; and ops.quality without any."""
    lakehouse = DeltaFolder(tmp_path_factory.mktemp("asked"), spark)
    lakehouse.create(ops.QUALITY)
    lakehouse.create(ops.SCHEMA_VERSIONS)
    schema = spark_schema(ops.SCHEMA_VERSIONS)
    for rows in (1, _ROWS):
        frame = [(f"t{number}", number + 1) for number in range(rows)]
        lakehouse.merge(ops.SCHEMA_VERSIONS, spark.createDataFrame(frame, schema))
    return lakehouse


def _first(result: Result) -> Any:
    """The first value of the first row."""
    return next(iter(result.records[0].values()))


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("select count(*) from ops.schema_versions version as of 0", 0),
        ("select count(*) from OPS.Schema_Versions for version as of 1 as v", 1),
        (
            "select count(*) from ops.schema_versions version as of 1 a"
            " join ops.schema_versions b using (table_name)",
            1,
        ),
        ("select count(*) from ops.schema_versions timestamp as of '2999-01-01'", _ROWS),
        (
            "select max(version) from ops.schema_versions timestamp as of timestamp '2999-01-01'",
            _ROWS,
        ),
        # A query's own name counts from its WITH on, and only there.
        ("with quality as (select 7 as n) select n from quality", 7),
        ("with quality as (select 7 as n) select count(*) from ops.quality", 0),
        ("with quality as (select count(*) as n from ops.quality) select n from quality", 0),
        ("with quality as (select count(*) as n from quality) select n from quality", 0),
        (
            "select x.n + (select count(*) from quality)"
            " from (with quality as (select 7 as n) select n from quality) x",
            7,
        ),
        ("with a as (select 1 as n), b as (select n + 1 as n from a) select n from b", 2),
        # What is said of a table beside its name.
        ("select max(v.b) from ops.schema_versions as v(a, b)", _ROWS),
        ("select max(ops.schema_versions.version) from ops.schema_versions", _ROWS),
        ("select /*+ BROADCAST(v) */ count(*) from `ops`.`schema_versions` v", _ROWS),
        (
            "select sum(x) from ops.schema_versions v lateral view explode(array(1, 2)) t as x"
            " where v.version = 1",
            3,
        ),
        ("select count(*) from ops.schema_versions, range(2)", 2 * _ROWS),
        ("select count(*) from (select 1 union all select count(*) from ops.quality)", 2),
        # One table named several times in the same words.
        (
            "select count(*) from (select * from ops.quality union select * from ops.quality)",
            0,
        ),
        (
            "select table_name from ops.schema_versions"
            " where version = (select max(version) from ops.schema_versions)",
            f"t{_ROWS - 1}",
        ),
    ],
)
def test_what_is_asked_is_answered(
    spark: SparkSession, home: DeltaFolder, query: str, answer: int | str
) -> None:
    assert _first(run_query(spark, home, query, limit=5)) == answer


def test_a_sample_is_one(spark: SparkSession, home: DeltaFolder) -> None:
    query = "select count(*) from ops.schema_versions tablesample (10 percent)"
    assert 0 < _first(run_query(spark, home, query, limit=5)) < _ROWS / 2


def test_qualify_brings_no_column_of_its_own(spark: SparkSession, home: DeltaFolder) -> None:
    query = "select * from ops.schema_versions qualify row_number() over (order by version) = 3"
    assert run_query(spark, home, query, limit=5).records == [{"table_name": "t2", "version": 3}]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select 1 from ops.schema_versions version as of 9", "has no version 9, but 0 to 2"),
        ("select 1 from ops.quality version as of (select 0)", r"VERSION AS OF \(SELECT 0\)"),
        ("select 1 from ops.quality timestamp as of '2001-01-01'", "not known to have been there"),
        ("select 1 from ops.quality timestamp as of 'monday'", "'monday' is no time"),
        ("select 1 from ops.quality@v0", "write ops.quality VERSION AS OF"),
        ("select 1 from main.ops.quality", "main.ops.quality names a catalog: write ops.quality"),
        ("select 1 from stream ops.quality", "STREAM of ops.quality"),
        ("select 1 from ops.quality tablesample (5 rows)", "TABLESAMPLE"),
        (
            "select * from ops.schema_versions pivot (count(table_name) for version in (1, 2))",
            "PIVOT",
        ),
        (
            "with recursive t as (select 1 n union all select n + 1 from t where n < 3)"
            " select * from t",
            "WITH RECURSIVE",
        ),
        ("with b as (select n from a), a as (select 1 n) select n from b", "there is no table 'a'"),
        ("select 1 from ops.qualty", r"no table 'ops.qualty': did you mean ops.quality"),
        ("select 1 from parquet.`/tmp/x`", "there is no table"),
        ("select vershun from ops.schema_versions", "no column 'vershun'.*did you mean version"),
        ("select 1 from ops.quality where nothing_alike = 1", "no column 'nothing_alike'"),
        ("select version as a, table_name as a from ops.schema_versions", "two columns are called"),
        ("select * into elsewhere from ops.quality", "changed this way"),
        ("with x as (delete from ops.quality) select 1", "SELECT|readable|changed"),
        ("select 1 from ops.quality |> limit 3", "readable"),
        ("delete from ops.quality", "one SELECT"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_by_name(
    spark: SparkSession, home: DeltaFolder, query: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        run_query(spark, home, query, limit=5)


def test_no_version_is_read_that_is_no_longer_there(
    spark: SparkSession, home: DeltaFolder, tmp_path: Path
) -> None:
    query = "select count(*) from ops.schema_versions version as of 1"
    [first] = (home.home / "ops" / "schema_versions" / "_delta_log").glob("*1.json")
    away = first.rename(tmp_path / first.name)
    try:
        with pytest.raises(UserError, match=r"version 1 of ops\.schema_versions can no longer"):
            run_query(spark, home, query, limit=5)
    finally:
        away.rename(first)


def test_the_first_rows_are_shown_and_more_are_said_to_be(
    spark: SparkSession, home: DeltaFolder
) -> None:
    query = "select version from ops.schema_versions"
    assert run_query(spark, home, query, limit=5).has_more
    assert not run_query(spark, home, query, limit=_ROWS).has_more


def test_the_truth_of_a_simulated_account_is_asked_beside_the_tables(
    spark: SparkSession, home: DeltaFolder, tmp_path: Path
) -> None:
    pq.write_table(
        pa.table({"name": ["t0", "t1"], "is_true": [True, False]}), tmp_path / "jobs.parquet"
    )
    query = (
        "select v.version from ops.schema_versions v join truth.jobs on truth.jobs.name = v.table_name"
        " where jobs.is_true"
    ).replace("truth.jobs.name", "jobs.name")
    assert _first(run_query(spark, home, query, limit=5, truth=tmp_path)) == 1
    with pytest.raises(UserError, match=r"no table truth\.job: did you mean jobs"):
        run_query(spark, home, "select 1 from truth.job", limit=5, truth=tmp_path)
    with pytest.raises(UserError, match="fed from none"):
        run_query(spark, home, "select 1 from truth.jobs", limit=5)
