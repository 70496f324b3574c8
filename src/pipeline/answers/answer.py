"""A question about the tables of a home, asked in one SQL text that every engine reads alike.

The texts lie beside the subjects that they are about, `<subject>/<name>.sql`, and keep to what Sail,
Apache Spark, DataFusion and Databricks SQL share: tables as `schema.table` with an alias each, parameters
as `:name`, no limit. Whose rows, in which order and how many of them are shown is decided afterwards, in
the same way for every answer (`pipeline.answers.selection`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Final

from pipeline.tables.catalogue import table_named
from pipeline.tables.declaration import Table

__all__ = ["Answer"]

_TABLE: Final = re.compile(r"\b(?:bronze|silver|gold|model|ops)\.[a-z_]+\b")
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_COMMENT: Final = re.compile(r"--[^\n]*\n?")


@dataclass(frozen=True)
class Answer:
    """One question: `name` is the file's, `sql` its text without comments."""

    name: str
    sql: str

    @classmethod
    def of_file(cls, subject: str, name: str) -> "Answer":
        """The text in `<subject>/<name>.sql`."""
        file = files("pipeline.answers").joinpath(subject, f"{name}.sql")
        return cls(name, _COMMENT.sub("", file.read_text(encoding="utf-8")).strip())

    @classmethod
    def of_job(cls, table: Table) -> "Answer":
        """All rows of `table` about the series `:series_key`, in the order of its keys."""
        order = ", ".join(f"t.{key}" for key in table.keys)
        text = (
            f"SELECT * FROM {table.full_name} t WHERE t.series_key = :series_key ORDER BY {order}"
        )
        return cls(table.name, text)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables that the text reads."""
        return tuple(table_named(name) for name in dict.fromkeys(_TABLE.findall(self.sql)))

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(_PARAMETER.findall(self.sql))

    def reading(self, prefix: str) -> str:
        """The text with each table `schema.table` read under the plain name `<prefix>schema_table`."""
        return _TABLE.sub(lambda match: prefix + match[0].replace(".", "_"), self.sql)

    def with_literals(
        self, values: dict[str, str | None], spelled: Callable[[str], str], prefix: str = ""
    ) -> str:
        """The text of `reading(prefix)` with its parameters written out, as an engine has strings `spelled`."""

        def literal(match: re.Match[str]) -> str:
            value = values[match[1]]
            return "NULL" if value is None else spelled(value)

        return _PARAMETER.sub(literal, self.reading(prefix))
