"""Where a table lies in an export, and in which files.

A table is looked for as `jobs`, `lakeflow/jobs`, `lakeflow.jobs`, `system.lakeflow.jobs` or
`system/lakeflow/jobs`: one file, or a folder of files however deep. Names that start with `_` or
`.` are what writers leave behind (`_SUCCESS`, checksums) and are passed over. Nothing is written.
"""

import os
from pathlib import Path
from urllib.parse import unquote

from pipeline.errors import UserError
from pipeline.tables.declaration import SourceTable

PARQUET = (".parquet",)
CSV = (".csv", ".csv.gz")
REPAIR = "export it again, or take it out of the folder"


def place_of(folder: Path, table: SourceTable) -> Path | None:
    """The file or folder that holds the table; UserError when there are two."""
    _, schema, name = table.system_name.split(".")
    stems = (
        name,
        f"{schema}/{name}",
        f"{schema}.{name}",
        table.system_name,
        f"system/{schema}/{name}",
    )
    found = [
        place
        for stem in stems
        for suffix in ("", *PARQUET, *CSV)
        # A folder may carry the suffix (Spark writes `jobs.parquet/`); a file must.
        if (place := folder / f"{stem}{suffix}").is_dir() or (suffix and place.is_file())
    ]
    if len(found) > 1:
        raise UserError(
            f"{table.system_name} is twice in {shown(folder)}, as {found[0].relative_to(folder)}"
            f" and {found[1].relative_to(folder)}: keep one of them"
        )
    return found[0] if found else None


def is_delta(place: Path) -> bool:
    return (place / "_delta_log").is_dir()


def is_csv(file: Path) -> bool:
    return file.name.lower().endswith(CSV)


def files_of(place: Path, table: SourceTable) -> list[Path]:
    """The data files of a place, sorted; UserError for a folder that has none."""
    if not place.is_dir():
        return [place]
    found = []
    seen = set()
    for parent, folders, names in os.walk(place, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:  # Links may lead in a circle.
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(("_", "."))]
        found += [
            Path(parent) / name
            for name in names
            if name.lower().endswith((*PARQUET, *CSV)) and not name.startswith(("_", "."))
        ]
    if not found:
        raise UserError(
            f"{shown(place)} holds no Parquet or CSV file for {table.system_name}: {REPAIR}"
        )
    return sorted(found)


def named_in_path(file: Path, place: Path) -> dict[str, str]:
    """Column values that folders name, as in `usage_date=2026-01-01/part-0.parquet`."""
    pairs = (part.partition("=") for part in file.relative_to(place).parent.parts)
    return {name.lower(): unquote(value) for name, equals, value in pairs if equals}


def shown(path: Path | str) -> str:
    """A path as one line of a message, whatever its name holds."""
    return "".join(char if char.isprintable() else "?" for char in str(path))


def said(error: BaseException) -> str:
    """The first line of what a library said, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    return shown(lines[0])[:200].rstrip(".") if lines else type(error).__name__
