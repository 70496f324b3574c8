"""Which release wrote a home: the version of each of its tables against the one declared here."""

from collections.abc import Iterable, Mapping

from pipeline.errors import UserError
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Table


def refuse_other(versions: Mapping[str, int], tables: Iterable[Table] = TABLES) -> None:
    """UserError for the first table that stands at another version than it is declared at."""
    declared = tuple(tables)
    refuse_newer(versions, declared)
    for table in declared:
        if (version := versions.get(table.full_name, table.version)) < table.version:
            raise UserError(
                f"table {table.full_name} is at version {version} of an older release, and this one"
                f" needs {table.version}: run rightrun migrate"
            )


def refuse_newer(versions: Mapping[str, int], tables: Iterable[Table] = TABLES) -> None:
    """UserError for the first table that stands at a later version than it is declared at."""
    for table in tables:
        if (version := versions.get(table.full_name, table.version)) > table.version:
            raise UserError(
                f"table {table.full_name} is at version {version}, and this release knows"
                f" {table.version}: install the newer release that wrote it"
            )
