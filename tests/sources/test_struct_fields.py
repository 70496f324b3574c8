"""A struct taken apart is put together where its columns name it, and told where they do not."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sources.export import inspect_files
from pipeline.sources.struct_fields import unclaimed_fields
from pipeline.tables import source
from pipeline.tables.declaration import SourceTable
from tests.sources.small import arrow_rows
from tests.sources.written import csv_text, read_rows, text_rows


def _apart(table: SourceTable, column: str, joint: str) -> pa.Table:
    """The rows with the fields of `column` as columns of their own."""
    rows = arrow_rows(table)
    nested = rows.select([column]).flatten()
    while any(pa.types.is_struct(field.type) for field in nested.schema):
        nested = nested.flatten()
    names = [
        name.replace(".", joint) if joint else name.split(".")[-1] for name in nested.column_names
    ]
    flat = dict(zip(names, nested.columns, strict=True))
    return pa.table({**{n: rows[n] for n in rows.column_names if n != column}, **flat})


@pytest.mark.parametrize("joint", [".", "_", "__"])
@pytest.mark.parametrize(
    ("table", "column"), [(source.USAGE, "usage_metadata"), (source.LIST_PRICES, "pricing")]
)
def test_columns_that_name_their_struct_become_it(
    table: SourceTable, column: str, joint: str, tmp_path: Path
) -> None:
    file = tmp_path / f"{table.name}.parquet"
    pq.write_table(_apart(table, column, joint), file)
    whole = arrow_rows(table).column(column).to_pylist()
    assert [row[column] for row in read_rows(file, table, tmp_path)] == whole


def test_columns_of_csv_that_name_their_struct_become_it(tmp_path: Path) -> None:
    header, *rows = text_rows(source.USAGE, 4)
    at = header.index("usage_metadata")
    header = [*header[:at], "Usage_Metadata.Job_Id", *header[at + 1 :]]
    rows = [[*row[:at], "" if n == 0 else f"j{n}", *row[at + 1 :]] for n, row in enumerate(rows)]
    file = tmp_path / "usage.csv"
    file.write_text(csv_text([header, *rows]))
    told = [row["usage_metadata"] for row in read_rows(file, source.USAGE, tmp_path)]
    assert told == [None, {"job_id": "j1"}, {"job_id": "j2"}, {"job_id": "j3"}]


def test_bare_fields_are_told_and_not_taken_for_the_struct(tmp_path: Path) -> None:
    file = tmp_path / "usage.parquet"
    pq.write_table(_apart(source.USAGE, "usage_metadata", ""), file)
    looked = inspect_files(source.USAGE, {file: {}}, [file])[0]
    assert "usage_metadata" not in looked.types
    (sentence,) = unclaimed_fields(source.USAGE, looked.names_in_file, looked.types)
    assert sentence.startswith(
        "columns of system.billing.usage named like the fields of usage_metadata (cluster_id, job_id,"
    )
