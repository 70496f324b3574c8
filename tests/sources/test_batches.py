"""How an export is handed out: shares that weigh about the same, however wide a table is."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.sources import export
from pipeline.tables import source
from pipeline.tables.declaration import SourceTable
from tests.sources.small import ROWS, write_export

_OF_TWO_NARROW_FILES = 14 * ROWS
"""Values of all rows of node_timeline, which has 14 columns and no structs."""


@pytest.mark.parametrize(
    ("table", "shares"),
    [
        (source.NODE_TIMELINE, [ROWS]),
        (source.USAGE, [ROWS // 2, ROWS // 2]),
        # What holds now is only known from all of it.
        (source.LIST_PRICES, [ROWS]),
    ],
)
def test_a_share_holds_fewer_rows_of_a_wide_table(
    table: SourceTable,
    shares: list[int],
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "_VALUES_AT_ONCE", _OF_TWO_NARROW_FILES)
    delivery = export.ExportFolder(write_export(tmp_path / "export"), spark).read(table, None)
    assert delivery is not None
    assert [batch.received for batch in delivery.batches] == shares
    counted = [sum(part.count() for part in batch.parts) for batch in delivery.batches]
    assert counted == shares
