"""The source a user names: `export:DIR`, `simulated:DIR` or `databricks`."""

from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.sources.protocol import Source
from pipeline.sources.system_tables import SystemTables


def parsed(spelled: str) -> tuple[str, Path | None]:
    """The kind of source that `spelled` names, and its folder; UserError saying how to spell one."""
    kind, _, place = spelled.partition(":")
    if kind == "databricks" and not place:
        return kind, None
    if kind in ("export", "simulated") and place:
        return kind, Path(place)
    raise UserError(f"{spelled!r} names no source: write export:DIR, simulated:DIR or databricks")


def chosen_source(spelled: str, spark: SparkSession) -> Source:
    """The source `spelled` names; UserError where there is nothing in its place."""
    kind, folder = parsed(spelled)
    if folder is None:
        return SystemTables(spark)
    # delta-rs is not on a Databricks runtime.
    from pipeline.sources.export import ExportFolder

    if kind == "simulated" and not folder.is_dir():
        raise UserError(
            f"nothing is simulated in {folder} yet: run rightrun simulate --out {folder}"
        )
    return ExportFolder(folder, spark)
