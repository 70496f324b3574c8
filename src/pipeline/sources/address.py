"""The source a user names: `export:DIR`, `simulated:DIR` or `databricks`."""

import json
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.sources.layout import SIMULATION
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


def now_at(spelled: str) -> datetime:
    """The time it is at the source: for a simulated account that was given days still to come, the first
    such time of day after its end. By the clock here, all its rows of those days would be wrong."""
    kind, folder = parsed(spelled)
    now = datetime.now(UTC)
    if kind != "simulated" or folder is None:
        return now
    try:
        settings = json.loads((folder / SIMULATION).read_text(encoding="utf-8"))
        days_ahead = ceil((datetime.fromisoformat(settings["end"]) - now) / timedelta(days=1))
    except (OSError, ValueError, KeyError, TypeError):
        return now  # An account of a run log is given no days.
    return now + timedelta(days=max(0, days_ahead))
