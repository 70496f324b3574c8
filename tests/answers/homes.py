"""Homes of a few rows, as answers read them: no engine writes them, and none reads them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from deltalake import write_deltalake

from pipeline.answers.delta_reader import DeltaReader
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Table
from tests.strategies.tables import Row, arrow_of


def reader_of(
    home: Path, rows: Mapping[Table, Sequence[Row]], among: Collection[Table] = TABLES
) -> DeltaReader:
    """The answers of a home with these rows, whose other tables `among` those given are empty."""
    for table in among:
        if table.layer.schema in ("gold", "silver", "ops") or table in rows:
            folder = home / table.layer.schema / table.name
            write_deltalake(folder, arrow_of(table, rows.get(table, ())))
    return DeltaReader(home)
