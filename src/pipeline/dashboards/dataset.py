"""A dataset: one SQL text over Gold, its columns as they are shown, and its parameters.

A text lies in `datasets/<name>.sql` and is one SELECT. It names tables of Gold without their schema, those of
`ops` with it, and what several texts say alike, as which jobs the filters leave, stands in
`datasets/parts/<part>.sql`: a text that names a part is given it as a common table expression. The result
keeps to what Sail, Apache Spark and Databricks share.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from pipeline.dashboards.filters import FILTERS, Filter, FilterKind
from pipeline.dashboards.formats import Format
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.derive import quoted

__all__ = ["SHARED", "Column", "Dataset", "Value", "bound_part", "shared_parts"]

Value = str | Sequence[str] | tuple[str | None, str | None] | None
"""What a filter is set to: a text, texts, or the first and the last day (as 2026-11-30); None is unset."""

SHARED: Final = ("night", "billed", "period", "cost_period", "shown_jobs", "shown_job")
"""Parts of few rows that most datasets of a page name: an engine may carry them out once for all."""
_FOLDER: Final = files("pipeline.dashboards").joinpath("datasets")
_COMMENT: Final = re.compile(r"--[^\n]*\n?")
_NAMED: Final = re.compile(r"\b(?:FROM|JOIN)\s+((?:[a-z]+\.)?[a-z_][a-z0-9_]*)\b")
_OF_OPS: Final = re.compile(rf"\b((?:FROM|JOIN)\s+){Layer.OPS.schema}\.")
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)(?:\.(min|max))?\b")
_TABLES: Final = {
    table.name if table.layer.schema == Layer.GOLD.schema else table.full_name: table
    for table in TABLES
    if table.layer.schema in (Layer.GOLD.schema, Layer.OPS.schema)
}
"""As a text names them: readers may read these two schemas, and the first is the one of a dashboard."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a dataset: `link` names the column with the address that a cell leads to."""

    name: str
    label: str
    format: Format
    link: str = ""

    @property
    def heading(self) -> str:
        """The label with the unit, for an axis or the head of a table."""
        return f"{self.label} ({self.format.unit})" if self.format.unit else self.label


@dataclass(frozen=True)
class Dataset:
    """`name` is the file's; `title` is what its rows are, in a few words."""

    name: str
    title: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"dataset {self.name}: a column is declared twice")
        for column in self.columns:
            if column.link and column.link not in self.names:
                raise ValueError(f"dataset {self.name}: there is no column {column.link}")

    @property
    def names(self) -> tuple[str, ...]:
        """Those of its columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"dataset {self.name} has no column {name}")

    @property
    def text(self) -> str:
        """The SQL, with its parameters as `:name`."""
        return _text(self.name)

    @property
    def parameters(self) -> tuple[Filter, ...]:
        """The filters that it heeds."""
        used = {match[1] for match in _PARAMETER.finditer(self.text)}
        return tuple(one for name, one in FILTERS.items() if name in used)

    @property
    def shared_parts(self) -> tuple[str, ...]:
        """Those of `SHARED` that it needs, each after those that it needs itself."""
        return _shared_parts(_read(f"{self.name}.sql"))

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that it reads; KeyError for a name that is none of Gold or `ops`, and no part."""
        names = dict.fromkeys(_NAMED.findall(self.text))
        return tuple(_TABLES[name] for name in names if name not in _parts())

    def bound(self, values: Mapping[str, Value], views: Mapping[str, str] | None = None) -> str:
        """The SQL with `values` of its filters written out, for an engine in which each table is a view of its
        bare name; those left out are unset. `views` are the names of parts that are carried out already."""
        return _bound(_with_parts(_read(f"{self.name}.sql"), views or {}), values)


def shared_parts(part: str) -> tuple[str, ...]:
    """Those that another part needs, each after those that it needs itself."""
    return _shared_parts(_parts()[part])


def _shared_parts(sql: str) -> tuple[str, ...]:
    needed: dict[str, str] = {}
    _gather(sql, needed, {})
    return tuple(name for name in needed if name in SHARED)


def bound_part(name: str, values: Mapping[str, Value], views: Mapping[str, str]) -> str:
    """All rows of a part, as `Dataset.bound` has those of a dataset."""
    return _bound(_with_parts(_parts()[name], views), values)


def _bound(text: str, values: Mapping[str, Value]) -> str:
    def literal(match: re.Match[str]) -> str:
        value = values.get(match[1])
        match FILTERS[match[1]].kind:
            case FilterKind.DAYS:
                first, last = value or (None, None)
                day = first if match[2] == "min" else last
                return "CAST(NULL AS DATE)" if day is None else f"CAST({quoted(day)} AS DATE)"
            case FilterKind.ONE:
                return "CAST(NULL AS STRING)" if value is None else quoted(str(value))
            case _:
                if not value:
                    return "CAST(NULL AS ARRAY<STRING>)"
                return f"array({', '.join(quoted(str(one)) for one in value)})"

    return _PARAMETER.sub(literal, _OF_OPS.sub(r"\1", text))


@cache
def _text(name: str) -> str:
    return _with_parts(_read(f"{name}.sql"), {})


def _with_parts(own: str, views: Mapping[str, str]) -> str:
    needed: dict[str, str] = {}
    _gather(own, needed, views)
    if not needed:
        return own
    parts = ",\n".join(f"{part} AS (\n{sql}\n)" for part, sql in needed.items())
    return f"WITH {parts}\n{own}"


def _gather(sql: str, needed: dict[str, str], views: Mapping[str, str]) -> None:
    """Add the parts that `sql` names to `needed`, each after those that it names itself."""
    for name in _NAMED.findall(sql):
        if name in _parts() and name not in needed:
            part = f"SELECT v.* FROM {views[name]} v" if name in views else _parts()[name]
            _gather(part, needed, views)
            needed[name] = part


@cache
def _parts() -> Mapping[str, str]:
    return {
        file.name.removesuffix(".sql"): _read("parts", file.name)
        for file in _FOLDER.joinpath("parts").iterdir()
        if file.name.endswith(".sql")
    }


@cache
def _read(*path: str) -> str:
    text = _FOLDER.joinpath(*path).read_text(encoding="utf-8")
    return _COMMENT.sub("", text).strip()
