"""Where a table lies in an export, and in which files.

A table is looked for as `jobs` (its name, or the one we have for it), `lakeflow/jobs`, `lakeflow.jobs`,
`system.lakeflow.jobs` or `system/lakeflow/jobs`: one file, or a folder of files however deep. Names that start with `_` or
`.` are what writers leave behind (`_SUCCESS`, checksums) and are passed over. Nothing is written.
Whatever else lies there is not read, and a notice says so.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import unquote

from pipeline.errors import UserError
from pipeline.tables.declaration import SourceTable

PARQUET = (".parquet",)
CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_NO_VALUE = ("", "__HIVE_DEFAULT_PARTITION__")
"""How writers name the folder of rows without a value in its column."""
SIMULATION = "simulation.json"
"""The settings of a simulated account, beside its tables."""
_SIMULATED = (SIMULATION, "truth")
"""What the simulator writes beside its tables."""
REPAIR = "export it again, or take it out of the folder"


def place_of(folder: Path, table: SourceTable) -> Path | None:
    """The file or folder that holds the table; UserError when there are two."""
    schema, name = table.place
    stems = (
        table.name,
        name,
        f"{schema}/{name}",
        f"{schema}.{name}",
        table.system_name,
        f"system/{schema}/{name}",
    )
    places = [
        path
        for stem in dict.fromkeys(stems)
        for suffix in ("", *PARQUET, *CSV)
        # A folder may carry the suffix (Spark writes `jobs.parquet/`); a file must.
        if (path := folder / f"{stem}{suffix}").is_dir() or (suffix and path.is_file())
    ]
    if len(places) > 1:
        raise UserError(
            f"{table.system_name} is twice in {printable(folder)}, as {places[0].relative_to(folder)}"
            f" and {places[1].relative_to(folder)}: keep one of them"
        )
    return places[0] if places else None


def is_delta(place: Path) -> bool:
    return (place / "_delta_log").is_dir()


def is_csv(file: Path) -> bool:
    return file.name.lower().endswith(CSV)


def files_of(place: Path, table: SourceTable) -> list[Path]:
    """The data files of a place, sorted; UserError for a folder that has none."""
    if not place.is_dir():
        return [place]
    files = [file for file in _files(place) if _holds_rows(file)]
    if not files:
        raise UserError(
            f"{printable(place)} holds no Parquet or CSV file for {table.system_name}: {REPAIR}"
        )
    return sorted(files)


def unread_paths(folder: Path, places: Collection[Path]) -> list[Path]:
    """The paths in the folder that are in no table's place, and the files there that hold no rows."""
    above = {folder, *(parent for place in places for parent in place.parents)}
    beside = (
        path
        for parent in above
        if parent.is_relative_to(folder)
        for path in parent.iterdir()
        if path not in above and path not in places and path.name not in _SIMULATED
        if not _is_left_behind(path.name)
    )
    inside = (
        file
        for place in places
        if place.is_dir() and not is_delta(place)
        for file in _files(place)
        if not _holds_rows(file)
    )
    return sorted((*beside, *inside))


def _files(place: Path) -> Iterator[Path]:
    """The files below a folder, however deep, without what writers leave behind."""
    seen = set()
    for parent, folders, names in os.walk(place, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:  # Links may lead in a circle.
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not _is_left_behind(name)]
        yield from (Path(parent) / name for name in names if not _is_left_behind(name))


def _is_left_behind(name: str) -> bool:
    return name.startswith(("_", ".")) or name.endswith(".crc")


def _holds_rows(file: Path) -> bool:
    return file.name.lower().endswith((*PARQUET, *CSV))


def named_in_path(file: Path, place: Path) -> dict[str, str | None]:
    """Column values that folders name, as in `usage_date=2026-01-01/part-0.parquet`."""
    pairs = (part.partition("=") for part in file.relative_to(place).parent.parts)
    return {
        unquote(name).lower(): None if value in _NO_VALUE else unquote(value)
        for name, equals, value in pairs
        if equals
    }


def printable(path: Path | str) -> str:
    """A path as one line of a message, whatever characters it has."""
    return "".join(char if char.isprintable() else "?" for char in str(path))
