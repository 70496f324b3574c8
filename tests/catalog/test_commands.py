"""`rightrun ddl` and `rightrun migrate` as a user meets them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.schema_versions import settle
from pipeline.tables import gold, ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.derive import spark_schema

_RUNNER = CliRunner()


def said(*arguments: str) -> str:
    done = _RUNNER.invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_ddl_is_a_script_of_all_tables(tmp_path: Path) -> None:
    script = said("ddl", "--home", str(tmp_path))
    assert len([one for one in sqlglot.parse(script, dialect="databricks") if one]) > len(TABLES)
    assert "CREATE TABLE IF NOT EXISTS `rightrun`.`gold`.`jobs`" in script
    texts = json.loads(said("ddl", "--home", str(tmp_path), "--json"))
    assert "\n\n".join(f"{text};" for text in texts) + "\n" == script


def test_ddl_of_one_table_and_of_the_catalog_that_is_set(tmp_path: Path) -> None:
    (tmp_path / "rightrun.yml").write_text("catalog: main\n")
    texts = json.loads(said("ddl", "--home", str(tmp_path), "--table", "gold.jobs", "--json"))
    assert [text.splitlines()[0] for text in texts] == [
        "CREATE SCHEMA IF NOT EXISTS `main`.`gold`",
        "CREATE TABLE IF NOT EXISTS `main`.`gold`.`jobs` (",
    ]
    assert "`it``s`.`gold`" in said("ddl", "--catalog", "it`s", "--table", "gold.jobs")
    with pytest.raises(UserError, match="there is no table 'jbos'"):
        said("ddl", "--table", "jbos")


def test_a_home_of_this_release_needs_no_migration(tmp_path: Path, spark: SparkSession) -> None:
    lakehouse = DeltaFolder(tmp_path, spark)
    settle(spark, lakehouse)
    for arguments in ([], ["--dry-run"]):
        assert json.loads(said("migrate", "--home", str(tmp_path), "--json", *arguments)) == []


def test_a_home_of_a_newer_release_is_refused_by_every_command(
    tmp_path: Path, spark: SparkSession
) -> None:
    lakehouse = DeltaFolder(tmp_path, spark)
    for table in (ops.POSITIONS, ops.SCHEMA_VERSIONS):
        lakehouse.create(table)
    noted = spark.createDataFrame(
        [(gold.JOBS.full_name, gold.JOBS.version + 1)], spark_schema(ops.SCHEMA_VERSIONS)
    )
    lakehouse.merge(ops.SCHEMA_VERSIONS, noted)
    for command in (["migrate"], ["migrate", "--dry-run"], ["show", "jobs"], ["sql", "SELECT 1"]):
        with pytest.raises(UserError, match=r"gold\.jobs is at version 2.*install the newer"):
            said(*command, "--home", str(tmp_path))


def test_nothing_of_a_catalogs_night_needs_what_a_runtime_has_not() -> None:
    code = (
        "import sys, pipeline.cli.app, pipeline.lakehouse.catalog.lease, pipeline.nightly.night,"
        " pipeline.nightly.schema_versions, pipeline.sources.system_tables\n"
        "print([n for n in ('deltalake', 'filelock', 'pysail', 'duckdb') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
