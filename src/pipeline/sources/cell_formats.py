"""Cells of a CSV file in the format of another program, which no reader can be sure of.

Python's own notation is not JSON. A spreadsheet's day before its month may be the month before the
day, and the seconds of its times are gone. So neither is read, and both are named.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UserError
from pipeline.sources.layout import printable
from pipeline.tables.declaration import SourceTable

_PYTHON = (
    r"^\s*(\[?(Row|array|Decimal|OrderedDict|datetime\.\w+)\(|\[?\{'|\[[('\"]?None\b|\[\(|\['"
    r"|\{None:|.*': None)"
)
_LOCAL_TIME = r"^\s*\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b"
_DECIMAL_COMMA = r"^\s*[-+]?[0-9.]*[0-9],[0-9]+\s*$"
_NUMBERS = ("decimal", "double")
_TIMES = ("timestamp", "date")


def refuse_local_formats(
    file: Path, table: SourceTable, cells: Mapping[str, pa.Array], separator: str
) -> None:
    """UserError naming the columns of the file whose cells are written so; `cells` are text."""
    kinds = {column.name: column.type for column in table.columns if column.name in cells}
    nested = [name for name, kind in kinds.items() if "<" in kind]
    if python := _matching(cells, nested, _PYTHON):
        raise UserError(
            f"{printable(file)} holds {', '.join(python)} as Python prints values, not as JSON, which is"
            " what toPandas().to_csv() writes: export the table as Parquet, by the query in the README"
        )
    times = [name for name, kind in kinds.items() if kind in _TIMES]
    numbers = [name for name, kind in kinds.items() if kind.startswith(_NUMBERS)]
    local = [
        f"{words} ({', '.join(columns)})"
        for words, columns in (
            ("dates in a local form", _matching(cells, times, _LOCAL_TIME)),
            ("numbers with a decimal comma", _matching(cells, numbers, _DECIMAL_COMMA)),
        )
        if columns
    ]
    if local:
        raise UserError(
            f"{printable(file)}, whose separator is {separator!r}, holds {' and '.join(local)}, as a"
            " spreadsheet writes them: export it again and do not save it from a spreadsheet, or"
            " write times as 2026-01-31T02:00:00Z and numbers with a point"
        )


def _matching(cells: Mapping[str, pa.Array], names: list[str], pattern: str) -> list[str]:
    return [
        name for name in names if pc.any(pc.match_substring_regex(cells[name], pattern)).as_py()
    ]
