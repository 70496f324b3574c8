"""Schemas that stand in for the system tables of a self-test tell a night what its files tell."""

from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.cli.selftest import simulated_account
from pipeline.selftest.scratch import SYSTEM_TABLES, scratch_schemas
from pipeline.sources.protocol import Delivery
from tools.workspace.server import CATALOG


def _rows(delivery: Delivery | None) -> int:
    return (
        sum(rows.count() for batch in delivery.batches for rows in batch.parts) if delivery else 0
    )


def test_a_self_test_in_a_catalog_reads_the_account_of_one_in_a_home(
    spark: SparkSession, tmp_path: Path
) -> None:
    account = simulated_account(tmp_path / "account")
    with scratch_schemas(spark, CATALOG, account) as scratch:
        in_schemas = {
            table.name: _rows(scratch.source.read(table, None)) for table in SYSTEM_TABLES
        }
    in_files = {
        table.name: spark.read.parquet(*map(str, account.joinpath(*table.place).glob("*.parquet")))
        .where(table.only_where or "true")
        .count()
        if account.joinpath(*table.place).exists()
        else 0
        for table in SYSTEM_TABLES
    }
    assert in_schemas == in_files
    assert in_schemas["query_history"] > 0
    folders = {folder.parent.name for folder in account.glob("*/*") if folder.is_dir()}
    assert "jobs_api" not in folders, "what no schema tells, no file tells either"
