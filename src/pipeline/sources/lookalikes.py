"""Files that people take for a system table, and what to export in their place."""

from collections.abc import Iterable
from pathlib import Path

from pipeline.sources.layout import printable
from pipeline.tables import source
from pipeline.tables.declaration import SourceTable

_USAGE_LOG = {"workspaceid", "clusterid", "sku", "dbus", "machinehours"}


def explain_lookalike(file: Path, table: SourceTable, names: Iterable[str]) -> str:
    """A sentence on what a file with columns of these names really is; empty where it may be the table."""
    if table is source.USAGE and {name.lower() for name in names} >= _USAGE_LOG:
        return (
            f"{printable(file)} is a usage log, as the account console hands it out for download: it names"
            f" no usage records, jobs or runs; export {table.system_name} by the query in the README"
        )
    return ""
