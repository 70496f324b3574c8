"""The SQL for Unity Catalog: one function a statement, text in and text out.

Written in Databricks' dialect of Spark SQL, as far as a plain Delta table answers it in the same way.
Names come quoted (`derive.identifier`).
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import pyarrow as pa

from pipeline.lakehouse.protocol import DELETE_MARK
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Column, Table
from pipeline.tables.derive import ddl, described, identifier, layout, quoted
from pipeline.tables.types import arrow_type, new_field_types, spark_type

STAGING = "staging"
"""The schema of tables that live no longer than a night."""
ROWS, COPIES = "_rows", "_copies"
DAY, _DAY = "_day", "`_day`"
_STORED_DAY = "`_stored_day`"
_ONE_DAY = timedelta(days=1)
_MOST_RANGES = 100
"""Each is compared with the statistics of every file."""


def target(catalog: str, table: Table, prefix: str = "") -> str:
    """The table's name; `prefix` stands before the names of all schemas that are made for a test."""
    return identifier(catalog, prefix + table.layer.schema, table.name)


def create_schema(catalog: str, schema: str) -> str:
    return f"CREATE SCHEMA IF NOT EXISTS {identifier(catalog, schema)}"


def drop_schema(catalog: str, schema: str) -> str:
    return f"DROP SCHEMA IF EXISTS {identifier(catalog, schema)} CASCADE"


def all_ddl(catalog: str) -> list[str]:
    """Schemas, then tables in the order data flows."""
    schemas = dict.fromkeys([*(table.layer.schema for table in TABLES), STAGING])
    return [
        *(create_schema(catalog, schema) for schema in schemas),
        *(ddl(table, target(catalog, table)) for table in TABLES),
    ]


def add_columns(name: str, columns: Iterable[Column]) -> str:
    """New columns are nullable at first, since Delta adds no required ones; `require` follows."""
    definitions = ", ".join(
        f"{identifier(column.name)} {column.type} COMMENT {quoted(described(column))}"
        for column in columns
    )
    return f"ALTER TABLE {name} ADD COLUMNS ({definitions})"


def add_fields(name: str, column: Column, stored: pa.DataType) -> str:
    """The fields that the declared struct has beyond `stored`, at its end."""
    definitions = ", ".join(
        f"{identifier(column.name, *path)} {spark_type(kind)}"
        for path, kind in new_field_types(arrow_type(column.type), stored)
    )
    return f"ALTER TABLE {name} ADD COLUMNS ({definitions})"


def comment(name: str, column: Column) -> str:
    text = quoted(described(column))
    return f"ALTER TABLE {name} ALTER COLUMN {identifier(column.name)} COMMENT {text}"


def require(name: str, column: Column) -> str:
    return f"ALTER TABLE {name} ALTER COLUMN {identifier(column.name)} SET NOT NULL"


def stage(name: str, view: str) -> str:
    """The frame behind `view`, computed once."""
    return f"CREATE TABLE {name} USING DELTA AS\nSELECT * FROM {identifier(view)}"


def profile(table: Table, staged: str, *, unique: bool) -> str:
    """By date, or under one NULL: rows, the most that share a key, and of each required column how many
    rows lack it. Of rows that are `unique` the keys are not looked at."""
    day = _day_of(table)
    required = [identifier(column.name) for column in table.columns if not column.nullable]
    if unique:
        lacking = "".join(f",\n  count_if({name} IS NULL) AS {name}" for name in required)
        return (
            f"SELECT\n  {day} AS {_DAY}, count(*) AS {identifier(ROWS)}, 1 AS {identifier(COPIES)}"
            f"{lacking}\nFROM {staged}\nGROUP BY {day}"
        )
    lacking = "".join(f",\n    count_if({name} IS NULL) AS {_lacking(name)}" for name in required)
    keys = ", ".join(map(identifier, table.keys))
    sums = "".join(f",\n  sum({_lacking(name)}) AS {name}" for name in required)
    return (
        f"SELECT\n  {_DAY}, sum({identifier(COPIES)}) AS {identifier(ROWS)},"
        f" max({identifier(COPIES)}) AS {identifier(COPIES)}{sums}\nFROM (\n"
        f"  SELECT min({day}) AS {_DAY}, count(*) AS {identifier(COPIES)}{lacking}\n"
        f"  FROM {staged}\n  GROUP BY {keys}\n) AS by_key\nGROUP BY {_DAY}"
    )


def difference(
    name: str,
    table: Table,
    target: str,
    version: int,
    staged: str,
    gone: str = "",
    days: Collection[date] = (),
) -> str:
    """What a merge has to change: rows that are new or differ, and keys to delete (see `gone`); where
    the key does not name the date, with the date that the stored row has.

    `days` has the dates of staged rows: of a table whose keys name the date, only they are read.

    Computed before the merge, because a merge that meets equal rows rewrites their files and may
    commit a version in which nothing changed, and because no condition of a merge may hold the
    subquery that a scope in a table would need.
    """
    columns = ", ".join(f"s.{identifier(column)}" for column in table.column_names)
    differs = _differs(table)
    deleted = f"\nUNION ALL\n{gone}" if gone else ""
    stored = read(target, version)
    if table.partition_by in table.keys:
        stored += _where(_within(identifier(str(table.partition_by)), days))
    return (
        f"CREATE TABLE {name} USING DELTA AS\n"
        f"SELECT {columns}, FALSE AS {identifier(DELETE_MARK)}{_stored_day(table)}\n"
        f"FROM {staged} AS s\n"
        f"LEFT JOIN ({stored}) AS t ON {_same_key(table)}\n"
        f"WHERE t.{identifier(table.keys[0])} IS NULL{f' OR {differs}' if differs else ''}{deleted}"
    )


def gone(
    table: Table,
    target: str,
    version: int,
    staged: str,
    scope: str,
    columns: Iterable[str],
    since: date | None = None,
) -> str:
    """Keys of stored rows that are not staged and whose `columns` are among those of `scope`.

    NULL is in scope where the scope has a NULL. Without columns every stored row is in scope. No row
    dated before `since` is.
    """
    selected = ", ".join(
        f"t.{identifier(column.name)}"
        if column.name in table.keys
        else f"CAST(NULL AS {column.type}) AS {identifier(column.name)}"
        for column in table.columns
    )
    matched = " AND ".join(f"t.{identifier(name)} <=> c.{identifier(name)}" for name in columns)
    dated = ""
    if since is not None and table.partition_by is not None:
        dated = f"\nWHERE t.{identifier(table.partition_by)} >= {_date(since)}"
    within = f"LEFT SEMI JOIN {identifier(scope)} AS c ON {matched}\n" if matched else ""
    return (
        f"SELECT {selected}, TRUE AS {identifier(DELETE_MARK)}{_stored_day(table)}\n"
        f"FROM {target} VERSION AS OF {version} AS t\n{within}"
        f"LEFT ANTI JOIN {staged} AS s ON {_same_key(table)}{dated}"
    )


def touched_days(table: Table, difference: str) -> str:
    """The dates of what a merge changes, old and new; of an undated table a row where it changes any."""
    if table.partition_by is None:
        return f"SELECT CAST(NULL AS date) AS {_DAY} FROM {difference} LIMIT 1"
    day = identifier(table.partition_by)
    if table.partition_by in table.keys:
        return f"SELECT DISTINCT {day} AS {_DAY} FROM {difference}"
    return (
        f"SELECT DISTINCT {_DAY} FROM (\n  SELECT {day} AS {_DAY} FROM {difference}\n"
        f"  UNION ALL\n  SELECT {_STORED_DAY} FROM {difference}\n) AS days"
    )


def merge(table: Table, target: str, source: str, days: Collection[date] = ()) -> str:
    """One commit of a difference. Audit columns keep what they were inserted with.

    `days` are all dates it touches, old and new: files of others are not read.
    """
    mark = f"s.{identifier(DELETE_MARK)}"
    updated = ", ".join(
        f"t.{identifier(name)} = s.{identifier(name)}"
        for name in table.column_names
        if name not in table.keys and name not in table.audit_names
    )
    update = f"WHEN MATCHED THEN UPDATE SET {updated}\n" if updated else ""
    columns = ", ".join(map(identifier, table.column_names))
    values = ", ".join(f"s.{identifier(name)}" for name in table.column_names)
    on = " AND ".join([_same_key(table), *_within(f"t.{_day_of(table)}", days)])
    return (
        f"MERGE INTO {target} AS t\nUSING {source} AS s\nON {on}\n"
        f"WHEN MATCHED AND {mark} THEN DELETE\n{update}"
        f"WHEN NOT MATCHED AND NOT {mark} THEN INSERT ({columns}) VALUES ({values})"
    )


def insert(table: Table, target: str, staged: str) -> str:
    columns = ", ".join(map(identifier, table.column_names))
    return f"INSERT INTO {target} ({columns})\nSELECT {columns} FROM {staged}"


def partition_rows(table: Table, target: str) -> str:
    """Rows by date, or of the whole table under a NULL; it reads one column at the most."""
    day = _day_of(table)
    return f"SELECT {day} AS {_DAY}, count(*) AS {identifier(ROWS)} FROM {target} GROUP BY {day}"


def any_before(table: Table, target: str, day: date) -> str:
    return f"SELECT 1 FROM {target} WHERE {_before(table, day)} LIMIT 1"


def delete_before(table: Table, target: str, day: date) -> str:
    return f"DELETE FROM {target} WHERE {_before(table, day)}"


def replace_with(table: Table, target: str, staged: str) -> str:
    """Other columns and other rows in one commit, as Delta keeps the table; its history stays.

    Columns are neither renamed nor dropped in place: that needs Delta's column mapping, which older
    readers do not know, and it could not convert values in the same commit.
    """
    return f"CREATE OR REPLACE TABLE {target}\n{layout(table)}\nAS SELECT * FROM {staged}"


def columns(name: str) -> str:
    """A frame over a table as it is; asked for its schema, nothing is read."""
    return f"SELECT * FROM {name}"


def any_row(name: str) -> str:
    return f"SELECT 1 FROM {name} LIMIT 1"


def read(target: str, version: int) -> str:
    return f"SELECT * FROM {target} VERSION AS OF {version}"


def changes(name: str, target: str, first: int, last: int, columns: Iterable[str]) -> str:
    """Distinct values over the feed, kept: only running it shows whether its files are still there."""
    selected = ", ".join(map(identifier, columns))
    return (
        f"CREATE TABLE {name} USING DELTA AS\n"
        f"SELECT DISTINCT {selected} FROM table_changes({quoted(target)}, {first}, {last})"
    )


def drop(name: str) -> str:
    return f"DROP TABLE IF EXISTS {name}"


def drop_view(view: str) -> str:
    return f"DROP VIEW IF EXISTS {identifier(view)}"


def list_tables(catalog: str, schema: str) -> str:
    return f"SHOW TABLES IN {identifier(catalog, schema)}"


def history(target: str, limit: int) -> str:
    return f"DESCRIBE HISTORY {target} LIMIT {limit}"


def compact(target: str) -> str:
    return f"OPTIMIZE {target}"


def vacuum(target: str, retain_hours: int) -> str:
    return f"VACUUM {target} RETAIN {retain_hours} HOURS"


def _day_of(table: Table) -> str:
    return "CAST(NULL AS date)" if table.partition_by is None else identifier(table.partition_by)


def _stored_day(table: Table) -> str:
    """Of a row that is stored, its date: where the key does not name it, the new row may have another."""
    if table.partition_by is None or table.partition_by in table.keys:
        return ""
    return f", t.{identifier(table.partition_by)} AS {_STORED_DAY}"


def _lacking(name: str) -> str:
    return identifier(f"_lacking_{name.strip('`')}")


def _where(conditions: Iterable[str]) -> str:
    joined = " AND ".join(conditions)
    return f" WHERE {joined}" if joined else ""


def _within(column: str, days: Collection[date]) -> list[str]:
    """The condition that a date is one of `days`, or between them where they are scattered; none without
    any.

    In ranges, by each of which files are skipped: of a list only its ends do that.
    """
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] <= _ONE_DAY:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    if len(ranges) > _MOST_RANGES:
        ranges = [(ranges[0][0], ranges[-1][1])]
    one_of = (f"{column} BETWEEN {_date(first)} AND {_date(last)}" for first, last in ranges)
    return [f"({' OR '.join(one_of)})"] if ranges else []


def _before(table: Table, day: date) -> str:
    return f"{identifier(str(table.partition_by))} < {_date(day)}"


def _date(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _same_key(table: Table) -> str:
    return " AND ".join(f"t.{identifier(key)} = s.{identifier(key)}" for key in table.keys)


def _differs(table: Table) -> str:
    return " OR ".join(
        f"{_comparable('t', column)} IS DISTINCT FROM {_comparable('s', column)}"
        for column in table.columns
        if column.name not in table.keys and not column.audit
    )


def _comparable(side: str, column: Column) -> str:
    # Spark compares no maps; their entries are stored in the order of the keys.
    value = f"{side}.{identifier(column.name)}"
    return f"map_entries({value})" if column.type.startswith("map<") else value
