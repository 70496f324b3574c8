"""What the pipeline asks of Delta, wherever the tables live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pyspark.sql import DataFrame

from pipeline.tables.declaration import Table


class ChangesGone(Exception):
    """The change feed no longer reaches back to the version asked for: read the whole table."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did. Nothing done means no new version."""

    version: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table and what made it."""

    version: int
    at: datetime
    operation: str
    inserted: int | None
    updated: int | None
    deleted: int | None


class Lakehouse(Protocol):
    """Delta tables named by their declarations."""

    def create(self, table: Table) -> None:
        """Make the table if it is missing; add columns its declaration has gained.

        UserError for a column whose type has changed."""

    def append(self, table: Table, rows: DataFrame) -> Written:
        """Add rows whose keys are known to be new."""

    def merge(self, table: Table, rows: DataFrame, *, scope: DataFrame | None = None) -> Written:
        """Upsert on the declared keys; identical rows, audit columns aside, are left alone.

        With `scope`, a frame of some of the table's columns, rows of the table whose values in
        these columns are in it and whose keys are not in `rows` are deleted."""

    def replace(self, table: Table, rows: DataFrame) -> Written:
        """Make the table equal to `rows`, leaving identical rows alone."""

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The table in its declared columns, now or as of a version."""

    def version(self, table: Table) -> int:
        """The newest version."""

    def changed(self, table: Table, since: int) -> bool:
        """Whether a version after `since` changed rows."""

    def changes(self, table: Table, since: int, columns: tuple[str, ...]) -> DataFrame:
        """Distinct values of `columns` in rows inserted, updated (before and after) or deleted
        after version `since`; ChangesGone when that is no longer known."""

    def history(self, table: Table, limit: int) -> list[Commit]:
        """The newest commits, newest first."""

    def maintain(self, table: Table, *, retain_hours: int) -> None:
        """Compact small files and drop those no version younger than `retain_hours` needs."""
