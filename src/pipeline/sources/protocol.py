"""What ingestion asks of a source."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pyspark.sql import DataFrame

from pipeline.tables.declaration import SourceTable


def _unknown() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to be taken in one go."""

    parts: tuple[DataFrame, ...]
    """Frames that may differ in their columns, as files of different ages do."""
    received: int | None = None
    """How many rows the source says these are, where it knows without reading them."""
    is_lasting: bool = False
    """Whether the rows are the same however often they are read. Those of a live table are not, and
    of files they are until `Delivery.replaced` names one."""
    region: str | None = None
    """The region that all of them come from, where it is known."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Rows not handed out before (or again, to catch late ones), and how to ask for the next."""

    batches: tuple[Batch, ...]
    """One for a snapshot; of other tables one a region, and as many as keep each small enough for memory."""
    position: str
    """Opaque to everyone but the source: what to hand back next time."""
    replaced: Callable[[], str] = _unknown
    """Asked before rows are committed: a sentence that names lasting rows which are no longer what
    they were when the delivery was handed out, and what to do; or an empty text."""
    damage: Callable[[], str] = _unknown
    """Asked only when the engine has failed on the rows: a sentence that names what cannot be read
    and what to do, or an empty text when nothing is wrong with them."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What a source says of one table."""

    table: SourceTable
    found: bool
    columns_missing: tuple[str, ...] = ()
    columns_retyped: tuple[str, ...] = ()
    """Columns held as another type than declared, as `job_id as bigint`."""
    problem: str = ""
    mends: tuple[str, ...] = ()
    """SQL that an admin runs to let the table be read."""
    where: str = ""
    newest: datetime | None = None
    """The newest time the rows speak of, where known without reading them."""
    rows: int | None = None


class Source(Protocol):
    """A place that holds system tables, or copies of them."""

    name: str

    def inspect(self, table: SourceTable) -> Presence:
        """Whether the table is there and what it lacks; never raises for a damaged table."""

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        """What is new since position `after`; None for nothing, or for an optional table that is
        not there. UserError when a required table is missing or a table cannot be read."""

    def notices(self) -> tuple[str, ...]:
        """What whoever reads an answer should know of the source beside its tables, in sentences:
        files that nobody reads, and columns whose absence takes an answer away."""
