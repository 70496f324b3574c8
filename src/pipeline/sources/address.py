"""The source a user names: `export:DIR`, `simulated:DIR` or `databricks`."""

import json
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.settings import Settings
from pipeline.sources.databricks import DatabricksAccount
from pipeline.sources.jobs_api import JobsApi, Progress
from pipeline.sources.layout import SIMULATION
from pipeline.sources.protocol import Source
from pipeline.sources.system_tables import SystemTables


def parse_address(address: str) -> tuple[str, Path | None]:
    """The kind of source at `address`, and its folder; UserError that shows how to write an address."""
    kind, _, place = address.partition(":")
    if kind == "databricks" and not place:
        return kind, None
    if kind in ("export", "simulated") and place:
        return kind, Path(place)
    raise UserError(f"{address!r} names no source: write export:DIR, simulated:DIR or databricks")


def open_source(
    address: str,
    spark: SparkSession,
    settings: Settings,
    jobs_read: Progress = lambda _jobs: None,
) -> Source:
    """The source at `address`; UserError where there is nothing there. `jobs_read` is told how many jobs the
    Jobs API has told of."""
    kind, folder = parse_address(address)
    if folder is None:
        jobs_api = JobsApi(spark, progress=jobs_read) if settings.jobs_api else None
        return DatabricksAccount(SystemTables(spark, settings.system_catalog), jobs_api)
    # delta-rs is not on a Databricks runtime.
    from pipeline.sources.export import ExportFolder

    if kind == "simulated" and not folder.is_dir():
        raise UserError(
            f"nothing is simulated in {folder} yet: run rightrun simulate --out {folder}"
        )
    return ExportFolder(folder, spark)


def now_at(address: str) -> datetime:
    """The time at the source: now, or for a simulated account with days in the future, the same time of
    day right after its end. By the clock here, all its rows of those days would be wrong."""
    kind, folder = parse_address(address)
    now = datetime.now(UTC)
    if kind != "simulated" or folder is None:
        return now
    try:
        settings = json.loads((folder / SIMULATION).read_text(encoding="utf-8"))
        days_ahead = ceil((datetime.fromisoformat(settings["end"]) - now) / timedelta(days=1))
    except (OSError, ValueError, KeyError, TypeError):
        return now  # An account simulated from a run log has no end in its settings.
    return now + timedelta(days=max(0, days_ahead))
