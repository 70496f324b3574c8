"""One SELECT over RightRun's tables, and nothing but a SELECT."""

import pandas as pd
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from pipeline.errors import UserError, cause
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.catalogue import TABLES, table_named
from pipeline.tables.declaration import Table


def known_table(name: str) -> Table:
    """The declared table of that name; UserError with a hint otherwise."""
    try:
        return table_named(name)
    except KeyError as error:
        near = [t.full_name for t in TABLES if name.split(".")[-1] in t.name]
        hint = f"did you mean {', '.join(near[:3])}?" if near else "see rightrun tables"
        raise UserError(f"there is no table {name!r}: {hint}") from error


def run_query(spark: SparkSession, lakehouse: Lakehouse, query: str, *, limit: int) -> pd.DataFrame:
    """The first `limit` rows of the query; UserError for anything that is not one SELECT."""
    try:
        statements = [statement for statement in parse(query, read="databricks") if statement]
    except SqlglotError as error:
        raise UserError(f"the query is not readable SQL: {str(error).splitlines()[0]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UserError("ask one SELECT at a time: tables cannot be changed this way")
    statement = statements[0]
    named_inside = {cte.alias for cte in statement.find_all(exp.CTE)}
    for found in list(statement.find_all(exp.Table)):
        name = f"{found.db}.{found.name}" if found.db else found.name
        if not found.db and found.name in named_inside:
            continue
        table = known_table(name)
        view = f"rightrun_{table.layer.schema}_{table.name}"
        lakehouse.read(table).createOrReplaceTempView(view)
        alias = found.alias or found.name
        found.replace(exp.alias_(exp.to_table(view), alias, table=True))
    try:
        rows = spark.sql(statement.sql(dialect="spark")).limit(limit)
        rows.schema  # noqa: B018  # Asks the engine to plan it, which reads no row that it could quote.
    except PySparkException as error:
        raise UserError(f"the query cannot be run: {str(error).splitlines()[0]}") from error
    try:
        return rows.toPandas()
    except PySparkException as error:
        raise UserError(
            f"the query fails on a row ({cause(error)}): what it makes of a value, as a cast, does not"
            " fit each of them"
        ) from error
