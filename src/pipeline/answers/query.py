"""One SELECT over RightRun's tables, and nothing but a SELECT.

Each table named in it becomes a view on the table's rows, put where the name stood, so that all else
that is said of the table there reaches the engine: what the engine lacks it refuses, and nothing is
left out in silence. Versions are the lakehouse's: a view has none. In a home that is fed from a simulated
account its truth can be asked beside the tables, as `truth.runs` and so on.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from pipeline.errors import UserError, cause
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.near_names import did_you_mean
from pipeline.tables.catalogue import TABLES, table_named
from pipeline.tables.declaration import Table

_WRITES = (exp.DDL, exp.DML, exp.Command, exp.Into)
_NOT_EVERYWHERE = {
    exp.Pivot: "PIVOT and UNPIVOT",
    exp.TableSample: "TABLESAMPLE",
    exp.Lateral: "LATERAL",
    exp.With: "WITH RECURSIVE",
}
"""What an engine may lack, and then calls a fault of spelling."""
_LONGEST = 300
_TRUTH = "truth"


def known_table(name: str) -> Table:
    """The declared table of that name; UserError with a hint otherwise."""
    try:
        return table_named(name)
    except KeyError as error:
        names = [table.full_name for table in TABLES]
        hint = did_you_mean(name, names, otherwise="see rightrun tables")
        raise UserError(f"there is no table {name!r}: {hint}") from error


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gave: its columns, its first rows, and whether there are more."""

    names: tuple[str, ...]
    records: list[dict[str, Any]]
    has_more: bool


def run_query(
    spark: SparkSession,
    lakehouse: Lakehouse,
    query: str,
    *,
    limit: int | None,
    truth: Path | None = None,
) -> Result:
    """The first `limit` rows of the query, all for None; UserError for anything that is not one SELECT, and for
    what cannot be carried out. `truth` is the folder that the tables `truth.*` are read from."""
    statement = _select(query)
    tables = []
    # A list: nodes that are spelled alike are equal, and would be one key.
    for node in list(_tables(statement)):
        if node.db.lower() == _TRUTH and not node.catalog:
            _bind_truth(spark, node, truth)
        else:
            tables.append((node, _table_asked(node)))
    full_names = {table.full_name for _, table in tables}
    for column in statement.find_all(exp.Column):
        if f"{column.text('db')}.{column.table}".lower() in full_names:
            column.set("db", None)
            column.set("catalog", None)
    for node, table in tables:
        _bind(node, table, lakehouse)
    try:
        planned = spark.sql(statement.sql(dialect="spark"))
        planned = planned if limit is None else planned.limit(limit + 1)
        planned.schema  # noqa: B018  # Asks the engine to plan it, which reads no row that it could quote.
    except (PySparkException, pa.ArrowException) as error:
        raise UserError(_why_not(statement, [table for _, table in tables], error)) from error
    try:
        rows = planned.toArrow()
    except (PySparkException, pa.ArrowException) as error:
        raise UserError(
            f"the query fails on a row ({cause(error)}): what it makes of a value, as a cast, does not"
            " fit each of them"
        ) from error
    if statement.find(exp.Qualify):
        # For engines without QUALIFY its condition is a column of a subquery, which * brings along.
        own = [
            n for n, name in enumerate(rows.column_names) if not re.fullmatch(r"_w(_\d+)?", name)
        ]
        rows = rows.select(own)
    names = rows.column_names
    if twice := sorted(name for name in set(names) if names.count(name) > 1):
        raise UserError(f"two columns are called {twice[0]!r}: call one of them otherwise with AS")
    first = rows if limit is None else rows.slice(0, limit)
    return Result(tuple(names), first.to_pylist(), first.num_rows < rows.num_rows)


def _bind_truth(spark: SparkSession, node: exp.Table, truth: Path | None) -> None:
    """Put a view on a table of the simulated account's truth in its place."""
    if truth is None:
        raise UserError(
            f"{_TRUTH}.{node.name} is the truth of a simulated account, and this home is fed from none"
        )
    names = sorted(file.stem for file in truth.glob("*.parquet"))
    name = node.name.lower()
    if name not in names:
        hint = did_you_mean(name, names, otherwise=f"there are {', '.join(names)}")
        raise UserError(f"there is no table {_TRUTH}.{name}: {hint}")
    view = f"rightrun_{_TRUTH}_{name}"
    spark.read.parquet(str(truth / f"{name}.parquet")).createOrReplaceTempView(view)
    if not node.alias and not node.args.get("pivots"):
        node.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    node.set("db", None)
    node.set("this", exp.to_identifier(view))


def _select(query: str) -> exp.Query:
    # It warns of what it only knows to be a command, which is refused below.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = [statement for statement in parse(query, read="databricks") if statement]
    except SqlglotError as error:
        raise UserError(f"the query is not readable SQL: {str(error).splitlines()[0]}") from error
    except Exception as error:  # What the parser knows by half, it fails on in ways of its own.
        raise UserError("the query is not readable SQL: write it with plainer words") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UserError("ask one SELECT at a time: tables cannot be changed this way")
    if statements[0].find(*_WRITES):
        raise UserError("ask one SELECT that writes nothing: tables cannot be changed this way")
    return statements[0]


def _tables(statement: exp.Query) -> Iterator[exp.Table]:
    """The nodes that name a table of ours: no function, no hint, no subquery's name."""
    for node in statement.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier) or node.find_ancestor(exp.Hint):
            continue
        if node.args.get("db") or not _is_named_inside(node):
            yield node


def _is_named_inside(node: exp.Table) -> bool:
    """Whether a WITH around the node has a query of its name, and has it before the node."""
    below: Any = node
    above: Any = node.parent
    while above is not None:
        ctes: list[exp.CTE] = []
        if isinstance(above, exp.With):
            every = above.expressions
            ctes = every if above.recursive else every[: below.index]
        elif isinstance(above, exp.Query) and not isinstance(below, exp.With):
            ctes = above.ctes
        if any(cte.alias.lower() == node.name.lower() for cte in ctes):
            return True
        below, above = above, above.parent
    return False


def _table_asked(node: exp.Table) -> Table:
    """The table that the node names; UserError where it says what is not carried out."""
    name = f"{node.db}.{node.name}" if node.db else node.name
    if node.catalog:
        raise UserError(f"{node.catalog}.{name} names a catalog: write {name}")
    if isinstance(node.parent, exp.Stream):
        raise UserError(f"STREAM of {name} is not carried out: ask the table itself")
    alias = node.args.get("alias")
    if alias is not None and alias.this is not None and not isinstance(alias.this, exp.Identifier):
        raise UserError(f"{name}@ is not carried out: write {name} VERSION AS OF and its number")
    return known_table(name.lower())


def _bind(node: exp.Table, table: Table, lakehouse: Lakehouse) -> None:
    """Put a view in the table's place, under the name that the table had there."""
    version = _version(lakehouse, table, node.args.get("version"))
    view = f"rightrun_{table.layer.schema}_{table.name}" + (
        "" if version is None else f"_{version}"
    )
    try:
        rows = lakehouse.read(table, version)
    except Exception as error:
        if version is None:
            raise
        raise UserError(
            f"version {version} of {table.full_name} can no longer be read: see rightrun history"
            f" {table.full_name}"
        ) from error
    rows.createOrReplaceTempView(view)
    # A pivot's rows are no longer the table's, and no engine takes a name before PIVOT.
    if not node.alias and not node.args.get("pivots"):
        node.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    node.set("db", None)
    node.set("version", None)
    node.set("this", exp.to_identifier(view))


def _version(lakehouse: Lakehouse, table: Table, asked: exp.Version | None) -> int | None:
    """The version that VERSION AS OF or TIMESTAMP AS OF means; None for the newest."""
    if asked is None:
        return None
    value = asked.expression.this if isinstance(asked.expression, exp.Cast) else asked.expression
    if not isinstance(value, exp.Literal):
        raise UserError(
            f"{asked.sql('databricks')} of {table.full_name} is not carried out: write a number of a"
            " version, or a time in quotes"
        )
    newest = lakehouse.version(table)
    see = f"see rightrun history {table.full_name}"
    if asked.name.upper() == "VERSION":
        if not value.name.isdecimal() or int(value.name) > newest:
            raise UserError(
                f"{table.full_name} has no version {value.name}, but 0 to {newest}: {see}"
            )
        return int(value.name)
    try:
        moment = datetime.fromisoformat(value.name)
    except ValueError as error:
        raise UserError(f"{value.name!r} is no time: write it as 2026-01-31T02:00:00Z") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    earlier = [c.version for c in lakehouse.history(table, newest + 1) if c.at <= moment]
    if not earlier:
        raise UserError(f"{table.full_name} is not known to have been there at {moment}: {see}")
    return max(earlier)


def _why_not(statement: exp.Query, tables: list[Table], error: Exception) -> str:
    """A sentence that names the column that is not there, or what the engine lacks."""
    details = re.search(r'details = "(.*)"', str(error))
    words = details[1] if details else (str(error).splitlines() or [type(error).__name__])[0]
    columns = {column.name for table in tables for column in table.columns}
    own = {alias.alias for alias in statement.find_all(exp.Alias, exp.CTE, exp.TableAlias)}
    for asked in statement.find_all(exp.Column):
        if asked.name in words and asked.name.lower() not in {*columns, *own}:
            names = ", ".join(dict.fromkeys(table.full_name for table in tables))
            hint = did_you_mean(asked.name, columns, otherwise="see docs/tables.md")
            return f"there is no column {asked.name!r} in {names or 'the query'}: {hint}"
    lacking = {
        _NOT_EVERYWHERE[type(node)]
        for node in statement.find_all(*_NOT_EVERYWHERE)
        if not isinstance(node, exp.With) or node.recursive
    }
    if lacking:
        words = f"this engine may lack {', '.join(sorted(lacking))}: {words}"
    return f"the query cannot be run: {words[:_LONGEST]}"
