"""system.information_schema.columns: the columns of the tables that jobs write, as they are now.

A quarter of the tables stay as they are. Each of the others changes in one respect every few days, in turn as
`Change` says. As an export that asks for no other, this lists tables that lineage has told to be written by jobs.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.tables import source
from simulator.clock import DAY_US, Ints
from simulator.columnar import take_rows
from simulator.columns import table_of
from simulator.config import generator
from simulator.delivery.arrivals import Arrivals
from simulator.history import History
from simulator.runs.lineage import table_names

_CHANGING_SHARE = 0.75
_EVERY_DAYS = (2, 6)
_IN_TURN = (
    "column_added",
    "type_changed",
    "nullability_changed",
    "not_visible",
    "visible_again",
    "column_removed",
)
"""What was added is removed at the end of a round."""
_ODD = " <b> \"x\" 'y' `z` 😀 \\ --"
"""What tries to break out of strings, in every second name of a column that is added."""


class Change(NamedTuple):
    """One change of a table; the column is empty where whoever reads sees the table no longer, or again."""

    at_us: int
    kind: str
    column: str


class Described(NamedTuple):
    """A column as the table's definition has it."""

    kind: str
    is_nullable: str


def written_tables(history: History, arrivals: Arrivals) -> Ints:
    """The jobs that have written their table, as far as lineage has told by now."""
    has_landed = arrivals.uses.before(history.deliveries, history.uses.size)
    told = take_rows(history.uses, has_landed & (history.uses.run >= 0))
    return np.unique(told.written_of[told.written_of >= 0])


def changes_of(history: History, tables: Ints) -> Iterator[tuple[int, list[Change]]]:
    """Each of these tables with all its changes by now, those before the account's first day among them."""
    # Drawn for all jobs, so that one more table changes no other.
    rng = generator(history.seed, "table_columns")
    size = history.fleet.size
    is_changing = rng.random(size) < _CHANGING_SHARE
    every_us = rng.integers(*_EVERY_DAYS, size, endpoint=True) * DAY_US
    first_us = history.start_us - (rng.random(size) * len(_IN_TURN) * every_us).astype(np.int64)
    is_hostile = "hostile_names" in history.quirks
    for table in tables.tolist():
        until_us = history.now_us + 1 if is_changing[table] else first_us[table]
        times = range(int(first_us[table]), int(until_us), int(every_us[table]))
        yield table, [_change(number, at_us, is_hostile) for number, at_us in enumerate(times)]


def _change(number: int, at_us: int, is_hostile: bool) -> Change:
    turn, place = divmod(number, len(_IN_TURN))
    kind = _IN_TURN[place]
    added = f"added_{turn}{_ODD if is_hostile and turn % 2 == 0 else ''}"
    columns = {
        "column_added": added,
        "column_removed": added,
        "type_changed": "amount",
        "nullability_changed": "note",
    }
    return Change(at_us, kind, columns.get(kind, ""))


def columns_after(changes: list[Change]) -> dict[str, Described]:
    """The columns of a table after these changes; none while whoever reads does not see it."""
    columns = {
        "id": Described("bigint", "NO"),
        "amount": Described("decimal(18,0)", "YES"),
        "note": Described("string", "YES"),
    }
    is_visible = True
    for change in changes:
        match change.kind:
            case "column_added":
                columns[change.column] = Described("date", "YES")
            case "column_removed":
                del columns[change.column]
            case "type_changed":
                scale = int(columns[change.column].kind.removesuffix(")").partition(",")[2])
                columns[change.column] = Described(f"decimal(18,{(scale + 1) % 18})", "YES")
            case "nullability_changed":
                was = columns[change.column].is_nullable
                columns[change.column] = Described("string", "NO" if was == "YES" else "YES")
            case _:
                is_visible = change.kind == "visible_again"
    return columns if is_visible else {}


def table_columns(history: History, arrivals: Arrivals) -> Any:
    """A row for each column of each table that jobs are known to have written, and that whoever reads may see."""
    names = table_names(history.fleet.size, history.quirks)
    rows = [
        (*names[table].split(".", 2), column, *described)
        for table, changes in changes_of(history, written_tables(history, arrivals))
        for column, described in columns_after(changes).items()
    ]
    kept = (
        *("table_catalog", "table_schema", "table_name"),
        *("column_name", "full_data_type", "is_nullable"),
    )
    columns = {
        name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(kept)
    }
    return table_of(source.TABLE_COLUMNS, len(rows), columns)
