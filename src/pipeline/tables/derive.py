"""What follows from a declaration: Spark schema, Arrow schema, DDL, quality checks, its docs page.

Types are parsed by sqlglot's Databricks dialect, so `struct<a: array<string>>` means here what it
means there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
from sqlglot import exp

from pipeline.tables.declaration import Column, SourceTable, Table

_DIALECT = "databricks"
_SCALAR = {
    exp.DataType.Type.TEXT: pa.string(),
    exp.DataType.Type.BOOLEAN: pa.bool_(),
    exp.DataType.Type.INT: pa.int32(),
    exp.DataType.Type.BIGINT: pa.int64(),
    exp.DataType.Type.DOUBLE: pa.float64(),
    exp.DataType.Type.DATE: pa.date32(),
    # Timezone-aware on purpose: naive times would turn on Delta's timestampNtz feature.
    exp.DataType.Type.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
    exp.DataType.Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    exp.DataType.Type.BINARY: pa.binary(),
}

_SPELLED = {
    kind: node.value.lower()
    for node, kind in _SCALAR.items()
    if node not in (exp.DataType.Type.TEXT, exp.DataType.Type.TIMESTAMPTZ)
} | {pa.string(): "string"}


@cache
def arrow_type(spark_type: str) -> pa.DataType:
    """The Arrow type of a Spark SQL type string; ValueError for one we do not use."""
    return _arrow(exp.DataType.build(spark_type, dialect=_DIALECT), spark_type)


def _arrow(node: exp.DataType, spelled: str) -> pa.DataType:
    if node.this in _SCALAR:
        return _SCALAR[node.this]
    inner = node.expressions
    match node.this:
        case exp.DataType.Type.DECIMAL:
            precision, scale = (int(parameter.this.name) for parameter in inner)
            return pa.decimal128(precision, scale)
        case exp.DataType.Type.ARRAY:
            return pa.list_(_arrow(inner[0], spelled))
        case exp.DataType.Type.MAP:
            return pa.map_(_arrow(inner[0], spelled), _arrow(inner[1], spelled))
        case exp.DataType.Type.STRUCT:
            return pa.struct([(field.name, _arrow(field.args["kind"], spelled)) for field in inner])
    raise ValueError(f"type {spelled!r} is not one that RightRun's tables use")


def spark_type(kind: pa.DataType) -> str:
    """The Spark SQL type that `arrow_type` made `kind` of."""
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{identifier(f.name)}:{spark_type(f.type)}' for f in kind)}>"
    if pa.types.is_list(kind):
        return f"array<{spark_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{spark_type(kind.key_type)},{spark_type(kind.item_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return str(_SPELLED[kind])


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """The table's Arrow schema, nullability and comments included."""
    return pa.schema(
        pa.field(
            column.name,
            arrow_type(column.type),
            nullable=column.nullable,
            metadata={"comment": column.comment},
        )
        for column in table.columns
    )


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
