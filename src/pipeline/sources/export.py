"""An export: a folder of dumps of the system tables, in Parquet, CSV or Delta, any subset of them.

A table is looked for as `jobs`, `lakeflow/jobs`, `lakeflow.jobs` or `system.lakeflow.jobs`, as one
file or a folder of files, however deep. A file is read once: the position remembers each by its
size and time of change, so a later night reads only what was added or replaced.
"""

import json
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import UserError
from pipeline.sources.protocol import Delivery, Presence
from pipeline.tables.declaration import SourceTable

_PARQUET = (".parquet",)
_CSV = (".csv", ".csv.gz")
_REPAIR = "export it again, or take it out of the folder"


class ExportFolder:
    """A folder of exported system tables, behind the protocol of `pipeline.sources.protocol`."""

    def __init__(self, folder: Path, spark: SparkSession) -> None:
        if not folder.is_dir():
            raise UserError(f"the export folder {folder} does not exist")
        self.name = f"export:{folder}"
        self._folder = folder
        self._spark = spark

    def inspect(self, table: SourceTable) -> Presence:
        place = self._place(table)
        if place is None:
            return Presence(table, found=False, problem=f"not in {self._folder}")
        where = str(place.relative_to(self._folder))
        try:
            schemas = self._schemas(table, self._files(table, place))
        except UserError as error:
            return Presence(table, found=True, problem=str(error), where=where)
        held = {name for names in schemas for name in names}
        missing = tuple(name for name in _expected(table) if name not in held)
        return Presence(table, found=True, columns_missing=missing, where=where)

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        place = self._place(table)
        if place is None:
            if table.required:
                raise UserError(
                    f"{self._folder} has no table {table.system_name}, which is required"
                    f" ({table.switches_off}): add it as {table.name}.parquet, .csv or a folder"
                )
            return None
        if (place / "_delta_log").is_dir():
            return self._read_delta(table, place, after)
        files = self._files(table, place)
        stamps = {
            str(file.relative_to(self._folder)): [file.stat().st_size, file.stat().st_mtime_ns]
            for file in files
        }
        known = json.loads(after) if after else {}
        new = [file for file in files if known.get(name := str(file.relative_to(self._folder))) != stamps[name]]
        if not new:
            return None
        parts = tuple(
            self._frame(group) for _, group in sorted(self._schemas(table, new).items())
        )
        return Delivery(parts, json.dumps({**known, **stamps}, sort_keys=True))

    def _place(self, table: SourceTable) -> Path | None:
        _, schema, name = table.system_name.split(".")
        stems = (
            name,
            f"{schema}/{name}",
            f"{schema}.{name}",
            table.system_name,
            f"system/{schema}/{name}",
        )
        for stem in stems:
            for suffix in ("", *_PARQUET, *_CSV):
                place = self._folder / f"{stem}{suffix}"
                if place.is_file() if suffix else place.is_dir():
                    return place
        return None

    def _files(self, table: SourceTable, place: Path) -> list[Path]:
        found = [place] if place.is_file() else sorted(
            file
            for file in place.rglob("*")
            if file.is_file()
            and file.name.endswith((*_PARQUET, *_CSV))
            and not any(part.startswith(("_", ".")) for part in file.relative_to(place).parts)
        )
        if not found:
            raise UserError(
                f"{place} holds no Parquet or CSV file for {table.system_name}: {_REPAIR}"
            )
        return found

    def _schemas(self, table: SourceTable, files: list[Path]) -> dict[tuple[str, ...], list[Path]]:
        """Files by what they hold (column names, then types), each looked into before the engine is."""
        groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
        for file in files:
            is_csv = file.name.endswith(_CSV)
            try:
                if is_csv:
                    with pa_csv.open_csv(file) as reader:
                        names, kinds = list(reader.schema.names), ["csv"]
                else:
                    schema = pq.ParquetFile(file).schema_arrow
                    names, kinds = list(schema.names), [str(kind) for kind in schema.types]
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                said = str(error).splitlines()[0] if str(error) else type(error).__name__
                kind = "CSV" if is_csv else "Parquet"
                raise UserError(f"{file} is not a readable {kind} file ({said}): {_REPAIR}") from error
            required = [c.name for c in table.columns if not c.nullable and c.name not in names]
            if required:
                raise UserError(
                    f"{file} lacks the column {required[0]} of {table.system_name}, which RightRun"
                    " needs: export the table with all its columns"
                )
            groups[(*names, "|", *kinds)].append(file)
        return dict(groups)

    def _frame(self, files: list[Path]) -> DataFrame:
        paths = [str(file.absolute()) for file in files]
        if files[0].name.endswith(_CSV):
            # The escape makes both engines read a doubled quote as a quote.
            reader = self._spark.read.option("header", True).option("escape", '"')
            return reader.option("multiLine", True).csv(paths)
        return self._spark.read.parquet(*paths)

    def _read_delta(self, table: SourceTable, place: Path, after: str | None) -> Delivery | None:
        try:
            delta = DeltaTable(str(place))
            version = delta.version()
            files = delta.file_uris()
        except (DeltaError, OSError, ValueError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"{place} is not a readable Delta table ({said}): {_REPAIR}") from error
        position = json.dumps({"delta_version": version})
        if position == after or not files:
            return None
        groups = self._schemas(table, [Path(file) for file in files])
        return Delivery(tuple(self._frame(group) for _, group in sorted(groups.items())), position)


def _expected(table: SourceTable) -> list[str]:
    return [column.name for column in table.columns if not column.sensitive]
