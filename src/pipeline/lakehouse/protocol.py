"""What a lakehouse does, whichever backend does it: the verbs, their results and their errors."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from pyspark.sql import DataFrame

from pipeline.errors import cause
from pipeline.tables.declaration import Table

CHANGE_TYPE = "_change_type"
"""What `changes` can be asked for beside the table's columns: insert, delete, update_preimage or
update_postimage."""


MOST_LISTED_DAYS = 1_000
"""So many days a condition may list to spare partitions that it does not name. Measured over 1,200
partitions of one row: 1,000 listed days take the engine, and delta-rs, as long as reading them all."""

DELETE_MARK = "_gone"
"""In the rows of a merge, marks one that only names a key to delete. No declared column begins with _."""


class ChangesGone(Exception):
    """The change feed since the asked version is no longer there: recompute fully, and say so."""

    @classmethod
    def made_anew(cls, table: Table, version: int, since: int) -> "ChangesGone":
        return cls(
            f"table {table.full_name} is at version {version}, before {since}: it was made anew"
        )

    @classmethod
    def unreadable(cls, table: Table, since: int, error: Exception) -> "ChangesGone":
        return cls(
            f"table {table.full_name}: the change feed after version {since} cannot be read ({cause(error)})"
        )


class KeyViolation(ValueError):
    """A step made rows with a NULL or a duplicate key: a bug in the step, never written."""

    @classmethod
    def of_null(cls, table: Table, name: str) -> "KeyViolation":
        return cls(f"rows for {table.full_name}: {name} is NULL")

    @classmethod
    def of_copies(cls, table: Table, copies: int) -> "KeyViolation":
        key = ", ".join(table.keys)
        return cls(f"rows for {table.full_name}: {copies} rows have the key ({key}) in common")


def missing_value(table: Table, name: str) -> ValueError:
    """The error for a NULL in the column `name`, which is declared not null."""
    if name in table.keys or name == table.partition_by:
        return KeyViolation.of_null(table, name)
    return ValueError(f"rows for {table.full_name}: {null_in(name)}")


def null_in(column: str) -> str:
    return f"column {column} is NULL, but is declared not null"


@dataclass(frozen=True, slots=True)
class Written:
    """What one write did: the table's version after it, and how many rows it touched."""

    version: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a table's history; `metrics` are the backend's own counts."""

    version: int
    at: datetime
    operation: str
    metrics: Mapping[str, object]


class Lakehouse(Protocol):
    """Delta tables that follow their declarations.

    Every write is one atomic commit, and a write that changes nothing makes none.
    """

    def create(self, table: Table) -> None:
        """Make the table exist as declared, change data feed on; add what the declaration gained.

        UserError where a column was retyped, or a required one was added.
        """

    def exists(self, table: Table) -> bool: ...

    def stage(self, rows: DataFrame) -> AbstractContextManager[DataFrame]:
        """`rows` computed once, for as long as the block lasts."""

    def append(
        self,
        table: Table,
        rows: DataFrame,
        *,
        unique: bool = False,
        before_commit: Callable[[int], None] = lambda _rows: None,
    ) -> Written:
        """Add `rows`. That their keys are not stored yet is the caller's promise.

        `unique` promises as well that no two rows share a key, so that the keys need not be held in
        memory. Otherwise KeyViolation as in `merge`. `before_commit` is called with the number of
        rows that have been computed; where it raises, the table stays as it is.
        """

    def merge(
        self,
        table: Table,
        rows: DataFrame,
        *,
        scope: DataFrame | None = None,
        since: date | None = None,
    ) -> Written:
        """Upsert `rows` on the declared keys; a row that only differs in audit columns is left alone.

        An updated row keeps the audit values it was inserted with (first seen stays first seen).

        `scope` has some of the table's columns: a stored row is deleted where its values in them are
        those of a row of the scope, and its key is not among `rows`. NULL matches NULL in the scope.
        `since` promises that no such row has an earlier date, so that older partitions are not read.
        KeyViolation where `rows` has a NULL or a duplicate key.
        """

    def replace(self, table: Table, rows: DataFrame) -> Written:
        """Make the table equal to `rows`: a merge with everything in scope."""

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The declared columns, in their order, at `version` or at the version of this call.

        The frame is pinned: a later write does not change its rows.
        """

    def stored(self, table: Table) -> DataFrame:
        """The columns that are stored, declared or not, at the version of this call."""

    def rewrite(self, table: Table, rows: DataFrame) -> None:
        """Make the table hold `rows` in their own columns, whatever is declared: one commit.

        Only a migration may do this. Call `create` once the columns are those declared.
        """

    def version(self, table: Table) -> int: ...

    def partition_rows(self, table: Table) -> Mapping[date | None, int]:
        """Rows in each partition, from the log where it counts them; None stands for an undated table."""

    def days_of(self, table: Table, rows: DataFrame) -> set[date]:
        """The partitions of a dated table that can hold rows with the values of a row of `rows` in all
        its columns: all that do, and perhaps others. NULL is no value, and the partition's column is
        not among them.

        Only the holder of the home's lock may ask: the index behind the answer is stored in the home.
        """

    def index_days(self, table: Table, columns: Sequence[str]) -> None:
        """Build now the index that `days_of` these columns would otherwise build when first asked."""

    def drop_before(self, table: Table, day: date) -> int:
        """Delete the partitions before `day`; the number of rows that went."""

    def changes(self, table: Table, since: int, columns: tuple[str, ...]) -> DataFrame:
        """Distinct values of `columns` over all rows that a commit after `since` touched.

        An updated row counts with its old and its new values; `CHANGE_TYPE` is a column as well.
        ChangesGone where the feed was vacuumed away. Only the holder of the home's lock may ask: the
        answer is stored in the home.
        """

    def changed(self, table: Table, since: int) -> bool:
        """Whether a commit after `since` may have touched rows; reads the log only."""

    def history(self, table: Table, limit: int) -> list[Commit]:
        """The newest commits, newest first."""

    def maintain(self, table: Table, *, retain_hours: int) -> None:
        """Compact small files, and remove files that no version within `retain_hours` needs.

        Longer than any reader's lag: what is removed can no longer be read nor asked for changes.
        """
