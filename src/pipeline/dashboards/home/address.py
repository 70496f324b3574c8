"""What an address says: what the filters are set to, and how tables are sorted and turned over.

/cost?team=growth&team=ml&date.min=2026-11-01&jobs_by_cost.sort=-list_cost&jobs_by_cost.page=2
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from urllib.parse import urlencode

from pipeline.dashboards.dataset import Value
from pipeline.dashboards.filters import Filter, FilterKind
from pipeline.dashboards.page import Page, Table

__all__ = ["Address", "Sorting", "WrongAddress"]

_MOST_VALUES: Final = 500


class WrongAddress(ValueError):
    """The sentence says what to write instead; it quotes nothing of the address."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column a table is sorted."""

    column: str
    is_descending: bool

    def __str__(self) -> str:
        return f"-{self.column}" if self.is_descending else self.column


@dataclass(frozen=True)
class Address:
    """One state of one page. `sortings` and `turned` are by the table's name; pages of a table count from 1."""

    page: Page
    values: Mapping[str, Value] = field(default_factory=dict)
    sortings: Mapping[str, Sorting] = field(default_factory=dict)
    turned: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, page: Page, query: Iterable[tuple[str, str]]) -> "Address":
        """WrongAddress where a date or a number of a page is none; what is not known is passed over."""
        asked: dict[str, list[str]] = {}
        for name, value in query:
            asked.setdefault(name, []).append(value)
        every = {one.name: _value(one, asked) for one in page.filters}
        values = {name: value for name, value in every.items() if value is not None}
        sortings, turned = {}, {}
        for table in page.widgets:
            if not isinstance(table, Table):
                continue
            sort = asked.get(f"{table.name}.sort", [""])[-1]
            if (column := sort.removeprefix("-")) in table.columns:
                sortings[table.name] = Sorting(column, sort.startswith("-"))
            if number := asked.get(f"{table.name}.page", [""])[-1]:
                if (
                    not number.isascii()
                    or not number.isdecimal()
                    or not 0 < int(number[:9]) < 10**8
                ):
                    raise WrongAddress(f"{table.name}.page is no number of a page: write it as 2")
                turned[table.name] = int(number[:9])
        return cls(page, values, sortings, turned)

    @property
    def filtered(self) -> list[tuple[str, str]]:
        """The part of the query that says what the filters are set to, in their order."""
        pairs: list[tuple[str, str]] = []
        for one in self.page.filters:
            value = self.values.get(one.name)
            if value is None:
                continue
            if one.kind is FilterKind.DAYS:
                days = zip(("min", "max"), value, strict=True)
                pairs += [(f"{one.name}.{end}", day) for end, day in days if day is not None]
            else:
                several = [value] if isinstance(value, str) else value
                pairs += [(one.name, str(text)) for text in several]
        return pairs

    @property
    def query(self) -> str:
        tables = [
            *((f"{name}.sort", str(sorting)) for name, sorting in self.sortings.items()),
            *((f"{name}.page", str(number)) for name, number in self.turned.items() if number > 1),
        ]
        return urlencode([*self.filtered, *tables])

    def to(self, page: Page, **values: Value) -> str:
        """The path of another page with the same filters, as far as it has them, and `values`."""
        there = Address(page, {**self.values, **values})
        return f"/{page.name}" + (f"?{urlencode(there.filtered)}" if there.filtered else "")

    def at(self, number: int, table: str) -> str:
        """The path of this page with the table turned to a page."""
        turned = {**self.turned, table: number}
        return _path(Address(self.page, self.values, self.sortings, turned))

    def sorted_by(self, column: str, table: str, *, is_descending: bool) -> str:
        """The path of this page with the table sorted, and turned to its first page."""
        sortings = {**self.sortings, table: Sorting(column, is_descending)}
        turned = {name: number for name, number in self.turned.items() if name != table}
        return _path(Address(self.page, self.values, sortings, turned))

    def without(self, name: str, text: str | None = None) -> str:
        """The path of this page with a filter unset, or without one of its values."""
        values = dict(self.values)
        value = values.pop(name, None)
        if text is not None and isinstance(value, Sequence) and not isinstance(value, str):
            rest = [str(one) for one in value if one != text]
            values |= {name: rest} if rest else {}
        return _path(Address(self.page, values, self.sortings))

    @property
    def bare(self) -> str:
        """The path of this page with no filter of everywhere set."""
        own = {one.name for one in self.page.own_filters}
        kept = {name: value for name, value in self.values.items() if name in own}
        return _path(Address(self.page, kept, self.sortings))


def _path(address: Address) -> str:
    return f"/{address.page.name}" + (f"?{address.query}" if address.query else "")


def _value(one: Filter, asked: Mapping[str, Sequence[str]]) -> Value:
    if one.kind is FilterKind.DAYS:
        first, last = (_day(one, end, asked) for end in ("min", "max"))
        return None if first is None and last is None else (first, last)
    texts = [text for text in dict.fromkeys(asked.get(one.name, ())) if text][:_MOST_VALUES]
    if not texts:
        return None
    return texts[-1] if one.kind is FilterKind.ONE else texts


def _day(one: Filter, end: str, asked: Mapping[str, Sequence[str]]) -> str | None:
    text = asked.get(f"{one.name}.{end}", [""])[-1]
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise WrongAddress(f"{one.name}.{end} is no day: write it as 2026-01-31") from error
