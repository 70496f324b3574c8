"""What a delivery lacks: rows that could not be kept, values that could not be read, columns.

Rows are counted by reason, never quoted: they may hold what nobody should see in a log.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.bronze.conform import PROBLEM, UNREAD, conform
from pipeline.errors import UserError
from pipeline.sources.protocol import Batch, Source
from pipeline.tables.declaration import SourceTable

_MOST_REASONS = 3
_TRIED_ROWS = 100_000
_LEAST_SHOWN = 0.001


@dataclass(frozen=True, slots=True)
class Flaws:
    """What is wrong with one delivery of a table."""

    table: SourceTable
    received: int = 0
    rejected: int = 0
    """Rows that could not be kept."""
    partial: int = 0
    """Rows that were kept without a value that could not be read."""
    why_rejected: Counter[str] = field(default_factory=Counter)
    why_partial: Counter[str] = field(default_factory=Counter)
    """Rows by reason; a row may lack several values."""
    absent: tuple[str, ...] = ()
    """Columns that some answer depends on, and that no part of the delivery has."""

    def plus(self, more: "Flaws") -> "Flaws":
        return Flaws(
            self.table,
            self.received + more.received,
            self.rejected + more.rejected,
            self.partial + more.partial,
            self.why_rejected + more.why_rejected,
            self.why_partial + more.why_partial,
            tuple(name for name in self.absent if name in more.absent),
        )

    @property
    def nothing_kept(self) -> bool:
        return 0 < self.received == self.rejected

    def exceeds(self, most_share: float) -> bool:
        """Whether more than this share of the rows was lost, or lost a value."""
        return max(self.rejected, self.partial) > most_share * self.received

    def sentences(self) -> list[str]:
        """What was lost, and the most frequent reasons."""
        sentences = []
        if self.rejected:
            sentences.append(self._sentence(self.rejected, "could not be kept", self.why_rejected))
        if self.partial:
            sentences.append(
                self._sentence(self.partial, "were kept without a value", self.why_partial)
            )
        return sentences

    def _sentence(self, rows: int, what: str, why: Counter[str]) -> str:
        first = why.most_common(_MOST_REASONS)
        reasons = [f"{reason} ({count:,})" if len(why) > 1 else reason for reason, count in first]
        if len(why) > len(first):
            reasons.append(f"and {len(why) - len(first)} more reasons")
        return (
            f"{rows:,} of {self.received:,} rows of {self.table.system_name}"
            f" ({_percent(rows / self.received)}) {what}: {'; '.join(reasons)}"
        )


def _percent(share: float) -> str:
    """Never rounded to 0 % nor to 100 %."""
    if share < _LEAST_SHOWN:
        return f"under {_LEAST_SHOWN:.1%}"
    return f"over {1 - _LEAST_SHOWN:.1%}" if 1 - _LEAST_SHOWN < share < 1 else f"{share:.1%}"


def absent_columns(table: SourceTable, parts: Iterable[DataFrame]) -> tuple[str, ...]:
    """Columns that some answer depends on, and that none of the parts has."""
    columns = {name for part in parts for name in part.columns}
    return tuple(c.name for c in table.columns if c.switches_off and c.name not in columns)


def flaws_of(table: SourceTable, rows: DataFrame) -> Flaws:
    """The flaws of conformed rows, in one pass."""
    counted = rows.groupBy(PROBLEM, UNREAD).agg(F.count("*").alias("n")).collect()
    why_rejected, why_partial = Counter[str](), Counter[str]()
    partial = 0
    for row in counted:
        if row[PROBLEM] is not None:
            why_rejected[row[PROBLEM]] += row["n"]
        elif row[UNREAD] is not None:
            partial += row["n"]
            why_partial.update(dict.fromkeys(row[UNREAD].split("; "), row["n"]))
    return Flaws(
        table,
        received=sum(row["n"] for row in counted),
        rejected=why_rejected.total(),
        partial=partial,
        why_rejected=why_rejected,
        why_partial=why_partial,
    )


def try_out(source: Source, table: SourceTable, now: datetime) -> Flaws:
    """What a first night would find of the table, in one pass and with nothing written; of a source
    that does not know how many rows it has, the first rows. UserError where that night would stop."""
    delivery = source.read(table, None)
    if delivery is None:
        return Flaws(table)
    try:
        return reduce(
            Flaws.plus, (_flaws_of_batch(table, batch, now) for batch in delivery.batches)
        )
    except UserError:
        raise
    except Exception as error:
        if damage := delivery.damage():
            raise UserError(damage) from error
        raise


def _flaws_of_batch(table: SourceTable, batch: Batch, now: datetime) -> Flaws:
    parts = batch.parts
    if batch.received is None:
        parts = tuple(part.limit(_TRIED_ROWS) for part in parts)
    rows = reduce(DataFrame.unionByName, (conform(table, part, now=now) for part in parts))
    return replace(flaws_of(table, rows), absent=absent_columns(table, parts))
