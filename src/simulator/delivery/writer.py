"""The folder: one Parquet file per table and day of arrival, the truth apart from the tables."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipeline.errors import UserError
from pipeline.tables.declaration import SourceTable

_UNFINISHED = ".unfinished"
Progress = Callable[[str, float], None]


def day_name(day: int) -> str:
    """The ISO date of a day since 1970."""
    return str(np.datetime64(day, "D"))


@contextmanager
def prepared(folder: Path) -> Iterator[Path]:
    """A folder to write to, whose files are in `folder` when the block has ended; other files stay untouched.

    An account that was not written to its end leaves nothing that hinders the next one.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"simulator: {folder} is a file; name a folder to write to.")
    part = folder / _UNFINISHED
    if folder.exists() and any(path != part for path in folder.iterdir()):
        raise UserError(f"simulator: {folder} is not empty; name a new or an empty folder.")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        for path in part.iterdir():
            path.rename(folder / path.name)
    finally:
        shutil.rmtree(part)


def table_folder(folder: Path, table: SourceTable) -> Path:
    """<folder>/<schema>/<table>."""
    path = folder.joinpath(*table.place)
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_file(rows: Any, path: Path) -> None:
    # Without the stored Arrow schema, dictionary-coded columns read back as the strings they are.
    pq.write_table(rows, path, compression="zstd", compression_level=1, store_schema=False)


def write_truth(folder: Path, name: str, rows: Any) -> int:
    path = folder / "truth"
    path.mkdir(exist_ok=True)
    pq.write_table(rows, path / f"{name}.parquet", compression="zstd", compression_level=1)
    return int(rows.num_rows)
