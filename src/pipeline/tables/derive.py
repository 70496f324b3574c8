"""What follows from a declaration as text: Spark schema, DDL, quality checks, its docs page.

Its Arrow schema is in `pipeline.tables.types`, which takes longer to import.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from pipeline.tables.declaration import Column, SourceTable, Table


def spark_schema(table: Table) -> str:
    """Bare `name type` pairs for a UDF or a reader; nullability is checked, not trusted."""
    return ", ".join(f"`{column.name}` {column.type}" for column in table.columns)


def quoted(text: str) -> str:
    """A SQL string literal as Spark reads it (backslash escapes; a doubled quote is not one)."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def identifier(*parts: str) -> str:
    """A dotted SQL name that no part can break out of: backticks, and those inside doubled."""
    return ".".join(f"`{part.replace('`', '``')}`" for part in parts)


def columns_ddl(columns: Iterable[Column]) -> str:
    """Names, types, nullability and comments, as CREATE TABLE wants them."""
    return ",\n".join(
        f"  {identifier(column.name)} {column.type}{'' if column.nullable else ' NOT NULL'}"
        f" COMMENT {quoted(described(column))}"
        for column in columns
    )


def ddl(table: Table, name: str) -> str:
    """`CREATE TABLE IF NOT EXISTS` for Delta on Databricks, under the quoted `name`.

    Types are spelled as declared: in capitals, the fields of structs would be stored in capitals.
    """
    return f"CREATE TABLE IF NOT EXISTS {name} (\n{columns_ddl(table.columns)}\n)\n{layout(table)}"


def layout(table: Table) -> str:
    """How Delta keeps the table: clustered by its date, described, change data feed on."""
    cluster = f"CLUSTER BY ({identifier(table.partition_by)})\n" if table.partition_by else ""
    return (
        f"USING DELTA\n{cluster}COMMENT {quoted(table.grain)}\n"
        "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"
    )


def described(column: Column) -> str:
    """The column's comment with its unit."""
    return f"{column.comment} [{column.unit}]" if column.unit else column.comment


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that follows from a declaration; `violation` is a SQL predicate true for a bad row."""

    name: str
    column: str
    violation: str


@cache
def row_checks(table: Table) -> tuple[Check, ...]:
    """The rules one row can break by itself: null keys, values outside their declared range.

    A rule never fires on NULL in a nullable column, so it means the same in a filter, in a Delta
    constraint and in an expectation.
    """
    checks = []
    for column in table.columns:
        name = f"`{column.name}`"
        if not column.nullable:
            checks.append(Check("not_null", column.name, f"{name} IS NULL"))
        if column.minimum is not None:
            checks.append(Check("minimum", column.name, f"{name} < {column.minimum!r}"))
        if column.maximum is not None:
            checks.append(Check("maximum", column.name, f"{name} > {column.maximum!r}"))
        if column.one_of:
            allowed = ", ".join(quoted(value) for value in column.one_of)
            checks.append(Check("one_of", column.name, f"{name} NOT IN ({allowed})"))
    return tuple(checks)


def without(table: SourceTable, names: Sequence[str]) -> list[str]:
    """A sentence for each column that is absent: what does not work without it."""
    return [
        f"{table.system_name} has no column {name}, which switches off"
        f" {table.column(name).switches_off}"
        for name in names
    ]


def markdown(table: Table) -> str:
    """The table's section of docs/tables.md."""
    lines = [
        f"### {table.full_name}",
        "",
        f"One row: {table.grain}.",
        "",
        f"Keys: {', '.join(f'`{key}`' for key in table.keys)}"
        + (f"; partitioned by `{table.partition_by}`." if table.partition_by else "."),
        "",
        "| column | type | meaning |",
        "|---|---|---|",
    ]
    for column in table.columns:
        required = "" if column.nullable else " not null"
        meaning = described(column).replace("|", "\\|")
        lines.append(f"| `{column.name}` | `{column.type}`{required} | {meaning} |")
    return "\n".join([*lines, ""])
