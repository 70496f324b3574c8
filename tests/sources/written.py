"""CSV files as other programs write them, and the rows that are read from such a file."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.sources.export import inspect_files
from pipeline.sources.export_file import readable_file
from pipeline.tables.declaration import SourceTable
from tests.sources.small import rows_of_table


def text_rows(table: SourceTable, rows: int) -> list[list[str]]:
    """The header, and good rows of the table as text: nested values as JSON, nothing for NULL."""
    return [
        list(table.column_names),
        *(
            [_text(row[c.name], c.type) for c in table.columns]
            for row in rows_of_table(table, 0, rows)
        ),
    ]


def _text(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind.startswith("map"):
        return json.dumps(dict(value))
    return json.dumps(value, default=str) if "<" in kind else str(value)


def csv_text(rows: Sequence[Sequence[str]], **dialect: Any) -> str:
    out = io.StringIO()
    csv.writer(out, **{"lineterminator": "\n", **dialect}).writerows(rows)
    return out.getvalue()


def spark_text(
    rows: Sequence[Sequence[str]], separator: str = ",", *, quote_all: bool = False
) -> str:
    """As Spark's own writer: escapes stand inside quotes only."""

    def cell(value: str) -> str:
        if not quote_all and not set(value) & {separator, '"', "\n", "\r"}:
            return value
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "".join(separator.join(map(cell, row)) + "\n" for row in rows)


def read_rows(
    file: Path, table: SourceTable, scratch: Path, files: Sequence[Path] = ()
) -> list[dict[str, Any]]:
    """The rows of the file as engines are given them."""
    looked = inspect_files(table, {file: {}}, list(files) or [file])[0]
    if looked.is_empty:
        return []
    path = readable_file(looked, table, _numbered(scratch)).path
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return rows


def _numbered(scratch: Path) -> Callable[[], Path]:
    return lambda: scratch / f"copy-{len(list(scratch.iterdir()))}"
