"""Random writes against a dictionary, and homes of older releases, on the real engine."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

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


def test_tables_of_the_oldest_release_become_the_newest(
    spark: SparkSession, lakehouse: DeltaCatalog
) -> None:
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
