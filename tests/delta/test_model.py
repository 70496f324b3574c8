"""Random writes against a dictionary, and homes of older releases, on the real engine."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.nightly.positions import Positions
from pipeline.nightly.schema_versions import planned, refuse_other_release
from tests.catalog.test_migrations import MADE, ONE, THREE, assert_is_three, home_of, run
from tests.delta.tables import empty
from tests.lakehouse.test_merge_model import TABLE, Key, Row, check_step, operations
from tools.workspace.server import CATALOG


@settings(max_examples=3)
@given(st.lists(operations, min_size=4, max_size=6))
def test_writes_match_the_model(spark: SparkSession, steps: list[tuple[Any, ...]]) -> None:
    lakehouse = DeltaCatalog(CATALOG, spark)
    try:
        lakehouse.clear_staging()
        lakehouse.create(TABLE)
        model: dict[Key, Row] = {}
        for number, step in enumerate(steps):
            model = check_step(lakehouse, spark, model, step, number)
    finally:
        empty(spark)


class Lenient:
    """A session that passes over what Apache Spark refuses and Databricks does: a column that may hold NULL
    becomes one that may not."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spark, name)

    def sql(self, text: str, *arguments: Any, **named: Any) -> DataFrame | None:
        is_refused = text.startswith("ALTER TABLE") and text.endswith(" SET NOT NULL")
        return None if is_refused else self._spark.sql(text, *arguments, **named)


@pytest.mark.usefixtures("lakehouse")
def test_tables_of_the_oldest_release_become_the_newest(spark: SparkSession) -> None:
    session: Any = Lenient(spark)
    lakehouse = DeltaCatalog(CATALOG, session)
    home_of(spark, lakehouse, 1)
    refuse_other_release(lakehouse, (ONE,))
    with pytest.raises(UserError, match=r"gold\.example is at version 1 of an older release"):
        refuse_other_release(lakehouse, (THREE,))
    assert planned(lakehouse, (THREE,), MADE) == [*MADE]
    assert run(spark, lakehouse) == [*MADE]
    assert Positions(spark, lakehouse).of("make", "silver.fed") is None
    assert Positions(spark, lakehouse).of("other", "silver.fed") == "4"
    version = lakehouse.version(THREE)
    assert run(spark, lakehouse) == []
    assert lakehouse.version(THREE) == version
    assert_is_three(spark, lakehouse)
