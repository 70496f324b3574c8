"""Whose rows of an answer are asked for, in which order, and how many of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pipeline.errors import UserError
from pipeline.near_names import did_you_mean

__all__ = ["Rows", "Selection"]

Record = dict[str, Any]

_DESCENDING: Final = ":desc"
_ASCENDING: Final = ":asc"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are shown, and of how many."""

    names: tuple[str, ...]
    """The columns."""
    shown: list[Record]
    total: int

    @property
    def is_cut(self) -> bool:
        return len(self.shown) < self.total

    def first(self, most: int | None) -> "Rows":
        """Only the first `most` of them; None is all."""
        return replace(self, shown=self.shown[:most])


@dataclass(frozen=True, slots=True)
class Selection:
    """What of an answer is asked for; None is everything, and the answer's own order."""

    team: str | None = None
    owner: str | None = None
    tier: int | None = None
    state: str | None = None
    sort: str | None = None
    """A column, or `column:desc`."""
    limit: int | None = None

    @property
    def _who(self) -> dict[str, str | int]:
        who = {"team": self.team, "owner": self.owner, "tier": self.tier, "state": self.state}
        return {column: value for column, value in who.items() if value is not None}

    def jobs(self, records: Iterable[Record]) -> list[Record]:
        """The records about jobs of these people, of this tier and in this state."""
        folded = {column: _fold(value) for column, value in self._who.items()}
        return [
            record
            for record in records
            if all(_fold(record[column]) == value for column, value in folded.items())
        ]

    def of(self, names: Sequence[str], records: Iterable[Record]) -> Rows:
        """Those rows of an answer with the columns `names`; UserError for a column to sort by that it does
        not have, and for a filter that it cannot be asked with."""
        if missing := [column for column in self._who if column not in names]:
            raise UserError(f"this answer is not about jobs, so --{missing[0]} says nothing here")
        rows = self.jobs(records)
        if self.sort is not None:
            rows = _sorted(names, rows, self.sort)
        return Rows(tuple(names), rows, len(rows)).first(self.limit)


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _sorted(names: Sequence[str], rows: list[Record], asked: str) -> list[Record]:
    """The rows by the column that is asked for; those without a value last, whatever the order."""
    column = asked.removesuffix(_DESCENDING).removesuffix(_ASCENDING).strip()
    if column not in names:
        hint = did_you_mean(column, names, otherwise=f"there are {', '.join(names)}")
        raise UserError(f"--sort {column!r} is no column of this answer: {hint}")
    with_value = [row for row in rows if row[column] is not None]
    if with_value and isinstance(with_value[0][column], list | dict):
        raise UserError(f"--sort {column!r} is a column of lists, which have no order")
    with_value.sort(key=lambda row: row[column], reverse=asked.endswith(_DESCENDING))
    return with_value + [row for row in rows if row[column] is None]
