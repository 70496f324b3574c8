"""The widgets of a page as they are shown: what the templates write and what the script draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dashboards.dataset import Column
from pipeline.dashboards.filters import DATE, JOB
from pipeline.dashboards.formats import Kind, Scale
from pipeline.dashboards.home.address import Address
from pipeline.dashboards.home.drawing import Drawing, drawing, series_of
from pipeline.dashboards.home.gold import Missing, Rows
from pipeline.dashboards.home.shown import Shown, change, shown, unit_of
from pipeline.dashboards.page import COLUMNS, MOST_TABLE_ROWS, Chart, Counter, Page, Table, Widget

__all__ = ["ShownWidget", "csv_rows", "show"]

_ROWS_A_PAGE: Final = 15
_ROWS_BESIDE: Final = 8
"""Of a table with something beside it."""
_KEY: Final = "series_key"
_SCHEMES: Final = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class TableCell:
    """`to` leads to a page of ours, `address` to one of the workspace."""

    shown: Shown
    is_number: bool
    to: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """`sorted` is what a screen reader is told; `to` sorts by the column, or the other way round."""

    label: str
    unit: str
    is_number: bool
    sorted: str
    to: str


@dataclass(frozen=True, slots=True)
class TablePage:
    """The rows of a table that are turned to, `first` and `last` counted from 1."""

    headings: tuple[Heading, ...]
    rows: list[tuple[TableCell, ...]]
    first: int
    last: int
    total: int
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A counter: its value and unit, how it has moved, and what it was."""

    value: Shown
    unit: str
    moved: str
    before: str


@dataclass(frozen=True, slots=True)
class ShownWidget:
    """A widget with what it shows: one of `figure`, `drawing` and `table`, or none where `why_none` says why."""

    widget: Widget
    csv: str
    why_none: str = ""
    figure: Figure | None = None
    drawing: Drawing | None = None
    table: TablePage | None = None

    @property
    def kind(self) -> str:
        match self.widget:
            case Counter():
                return "counter"
            case Chart():
                return "chart"
        return "table"


@dataclass(frozen=True, slots=True)
class Context:
    """What a widget is shown with: its page's state, the page about one job, and all of the widget's rows
    where no filter is set, for the colours."""

    address: Address
    currency: str
    job_page: Page | None


def show(widget: Widget, rows: Rows, every: Rows, context: Context) -> ShownWidget:
    """`every` are the rows with no filter set."""
    filtered = context.address.filtered
    query = f"?{urlencode(filtered)}" if filtered else ""
    csv = f"/{context.address.page.name}/{widget.name}.csv{query}"
    if isinstance(rows, Missing):
        why = f"There is no table {rows.table.full_name} yet: run rightrun nightly."
        return ShownWidget(widget, csv, why)
    match widget:
        case Counter():
            return ShownWidget(widget, csv, figure=_figure(widget, rows, context.currency))
        case Chart():
            colours = series_of(widget, rows if isinstance(every, Missing) else every)
            drawn = drawing(widget, rows, colours, context.currency)
            return ShownWidget(
                widget, csv, "" if drawn.points else _none(widget, context), drawing=drawn
            )
        case Table():
            table = _table_page(widget, rows, context)
            return ShownWidget(
                widget, csv, "" if table.total else _none(widget, context), table=table
            )
    raise TypeError(f"{type(widget).__name__} is shown by nothing")


def _none(widget: Widget, context: Context) -> str:
    if context.address.filtered:
        return "Nothing, for these filters and days."
    return "Nothing in the days shown." if DATE in widget.dataset.parameters else "Nothing now."


def _figure(counter: Counter, rows: pa.Table, currency: str) -> Figure:
    record: Mapping[str, Any] = next(iter(rows.slice(0, 1).to_pylist()), {})
    form = counter.dataset.column(counter.value).format
    value = record.get(counter.value)
    number = shown(value, form)
    whole = shown(value, form, currency or " ").text
    unit = whole.removeprefix(number.text).strip() if whole.startswith(number.text) else ""
    if not counter.before:
        return Figure(number, unit, "", "")
    before = record.get(counter.before)
    moved = change(value, before, form)
    was = shown(before, form, currency or " ").text
    if before is None:
        return Figure(number, unit, "", f"{counter.before_label} not known")
    return Figure(number, unit, moved, f"{counter.before_label}: {was}")


def _table_page(table: Table, rows: pa.Table, context: Context) -> TablePage:
    address = context.address
    total = min(rows.num_rows, MOST_TABLE_ROWS)
    rows = rows.slice(0, total)
    if (sorting := address.sortings.get(table.name)) is not None:
        rows = in_order(rows, sorting.column, is_descending=sorting.is_descending)
    rows_a_page = _ROWS_A_PAGE if table.width == COLUMNS else _ROWS_BESIDE
    pages = max(1, -(-total // rows_a_page))
    number = min(address.turned.get(table.name, 1), pages)
    start = (number - 1) * rows_a_page
    columns = _columns(table, context)
    records = rows.slice(start, rows_a_page).to_pylist()
    return TablePage(
        tuple(_heading(table, column, context) for column in columns),
        [tuple(_cell(column, record, context) for column in columns) for record in records],
        start + 1 if total else 0,
        start + len(records),
        total,
        address.at(number - 1, table.name) if number > 1 else "",
        address.at(number + 1, table.name) if number < pages else "",
    )


def in_order(rows: pa.Table, column: str, *, is_descending: bool) -> pa.Table:
    """Sorted by the column, and among equals as before; what is not known comes last either way."""
    marked = rows.append_column("?", pc.is_null(rows[column]))
    marked = marked.append_column("#", pa.array(range(rows.num_rows), pa.int64()))
    order = "descending" if is_descending else "ascending"
    keys = [("?", "ascending"), (column, order), ("#", "ascending")]
    return rows.take(pc.sort_indices(marked, sort_keys=keys))


def _columns(table: Table, context: Context) -> list[Column]:
    """Those shown: a job's key is not, where its name leads to the job's own page."""
    leads = context.job_page is not None and any(_leads(table, name) for name in table.columns)
    names = [name for name in table.columns if not (leads and name == _KEY)]
    return [table.dataset.column(name) for name in names]


def _leads(table: Table, name: str) -> bool:
    return name != _KEY and table.dataset.column(name).link == "url" and _KEY in table.columns


def _heading(table: Table, column: Column, context: Context) -> Heading:
    sorting = context.address.sortings.get(table.name)
    is_sorted = sorting is not None and sorting.column == column.name
    is_descending = is_sorted and sorting is not None and sorting.is_descending
    is_number = column.format.scale is Scale.QUANTITATIVE
    # The first click shows what is largest, or first in the alphabet.
    descending_next = not is_descending if is_sorted else column.format.kind is not Kind.TEXT
    return Heading(
        column.label,
        unit_of(column.format, context.currency),
        is_number,
        ("descending" if is_descending else "ascending") if is_sorted else "",
        context.address.sorted_by(column.name, table.name, is_descending=descending_next),
    )


def _cell(column: Column, record: Mapping[str, Any], context: Context) -> TableCell:
    value = shown(record[column.name], column.format)
    is_number = column.format.scale is Scale.QUANTITATIVE
    address = str(record.get(column.link) or "") if column.link else ""
    address = address if address.startswith(_SCHEMES) else ""
    to = ""
    key = record.get(_KEY)
    if context.job_page is not None and key and (column.link == "url" or column.name == _KEY):
        to = context.address.to(context.job_page, **{JOB.name: str(key)})
    return TableCell(value, is_number, to, address)


def csv_rows(widget: Widget, rows: pa.Table) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """All rows of a widget, unrounded, for a CSV file."""
    names = list(dict.fromkeys(one.column for one in widget.fields))
    return names, rows.select(names).to_pylist()
