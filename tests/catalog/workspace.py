"""A session that answers what `DeltaCatalog` asks, with no workspace: Sail, and delta-rs beside it.

Sail runs as they are: SELECT (as of a version too), CREATE TABLE AS, INSERT, MERGE, DROP, SHOW
TABLES. What it has no word for is carried out on the same Delta files, or said of them: ALTER,
OPTIMIZE, VACUUM and CREATE OR REPLACE by delta-rs; DESCRIBE HISTORY, comments and which tables there
are from the log. Its tables have no change feed and no clustering, so `table_changes` is told from the
rows of each version and the one before. Every statement must first be read by sqlglot as Databricks'
dialect.
"""

import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import sqlglot
from deltalake import DeltaTable, Field, Schema, write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType
from sqlglot import exp

from pipeline.tables.types import arrow_type

CATALOG = "sail"
"""The name that Sail gives its own catalog."""

_FEED = "\nTBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"
_NAME = r"((?:`(?:[^`]|``)+`\.)*`(?:[^`]|``)+`)"
_UNPARSED = ("OPTIMIZE ", "VACUUM ", "SHOW TABLES ")
"""Statements that sqlglot knows by their first word only."""


def parsed(text: str) -> exp.Expression:
    """`text` as Databricks' dialect; an error where it is more or less than one statement."""
    # sqlglot does not know that a history may be limited.
    text = re.sub(r"^(DESCRIBE HISTORY .*) LIMIT \d+$", r"\1", text)
    (tree,) = sqlglot.parse(text, dialect="databricks")
    assert tree is not None
    known = text.startswith(_UNPARSED) or not isinstance(tree, exp.Command)
    assert known, f"not understood: {text}"
    return tree


class Workspace:
    """Stands in for the session of a workspace; use it once, and `close` it."""

    def __init__(self, spark: SparkSession, home: Path) -> None:
        self._spark = spark
        self._home = home
        self.said: list[str] = []
        self.tables: dict[str, Path] = {}

    def close(self) -> None:
        for name in [*self.tables]:
            self.sql(f"DROP TABLE IF EXISTS {name}")

    def delta(self, name: str) -> DeltaTable:
        return DeltaTable(str(self.tables[name]))

    def sql(self, text: str, args: dict[str, Any] | None = None) -> Any:
        self.said.append(text)
        parsed(text)
        for pattern, answer in _ANSWERS:
            if found := re.match(pattern, text, re.DOTALL):
                return answer(self, text, *found.groups())
        return self._spark.sql(text, args=args)

    def place(self, name: str) -> Path:
        return self._home / re.sub(r"[^\w.]", "", name)

    def made(self, text: str, name: str) -> DataFrame:
        self.tables.setdefault(name, self.place(name))
        text = re.sub(r"\nCLUSTER BY \(.*?\)\n", "\n", text).replace(_FEED, "")
        where = f"USING DELTA LOCATION '{self.tables[name]}'"
        return self._spark.sql(text.replace("USING DELTA", where, 1))

    def dropped(self, text: str, name: str) -> DataFrame:
        self.tables.pop(name, None)
        return self._spark.sql(text)

    def fed(self, text: str, name: str, target: str, first: str, last: str) -> DataFrame:
        """Images before and after, told from the rows of neighbouring versions."""
        columns = re.findall(r"`(\w+)`", text[text.index("DISTINCT") : text.index(" FROM ")])
        images: list[dict[str, Any]] = []
        before: list[dict[str, Any]] = self._rows_at(target, int(first) - 1)
        for version in range(int(first), int(last) + 1):
            after = self._rows_at(target, version)
            images += _beyond(before, after) + _beyond(after, before)
            before = after
        schema = self._spark.sql(f"SELECT * FROM {target}").select(*columns).schema
        values = {tuple(row[column] for column in columns) for row in images}
        self._spark.createDataFrame([*values], schema).createOrReplaceTempView("fed")
        return self.made(f"CREATE TABLE {name} USING DELTA AS SELECT * FROM fed", name)

    def described(self, text: str, name: str) -> Any:
        """The stored schema with the comments that Sail leaves out."""
        if "`staging`" in name:
            return self._spark.sql(text)
        return SimpleNamespace(
            schema=StructType.fromJson(json.loads(self.delta(name).schema().to_json()))
        )

    def history(self, _: str, name: str, limit: str) -> DataFrame:
        rows = [
            (
                entry["version"],
                entry["timestamp"],
                entry["operation"],
                {k: str(v) for k, v in entry.get("operationMetrics", {}).items()},
            )
            for entry in self.delta(name).history(int(limit))
        ]
        return self._spark.createDataFrame(
            rows, "version bigint, at bigint, operation string, operationMetrics map<string,string>"
        ).selectExpr(
            "version", "timestamp_millis(at) AS timestamp", "operation", "operationMetrics"
        )

    def altered(self, text: str, name: str, what: str) -> None:
        delta = self.delta(name)
        if what.startswith("ADD COLUMNS"):
            self._add(delta, parsed(text))
        elif found := re.fullmatch(r"ALTER COLUMN `(\w+)` COMMENT '(.*)'", what, re.DOTALL):
            said = found[2].replace("\\'", "'").replace("\\\\", "\\")
            delta.alter.set_column_metadata(found[1], {"comment": said})
        else:
            # delta-rs keeps no constraint of this kind; that the column exists is what is checked.
            found = re.fullmatch(r"ALTER COLUMN `(\w+)` SET NOT NULL", what)
            assert found, what
            assert found[1] in [field.name for field in delta.schema().fields]
        self._register(name)

    def replaced(self, text: str, name: str, query: str) -> None:
        rows = self._spark.sql(query).toArrow()
        write_deltalake(self.delta(name), rows, mode="overwrite", schema_mode="overwrite")
        self._register(name)

    def compacted(self, _: str, name: str) -> None:
        self.delta(name).optimize.compact()

    def vacuumed(self, _: str, name: str, hours: str) -> None:
        self.delta(name).vacuum(
            int(hours), dry_run=False, full=True, enforce_retention_duration=False
        )

    def listed(self, _: str, catalog: str, schema: str) -> DataFrame:
        names = [re.findall(r"`([^`]+)`", name) for name in self.tables]
        rows = [(table, False) for *place, table in names if place == [catalog, schema]]
        return self._spark.createDataFrame(rows, "tableName string, isTemporary boolean")

    def _rows_at(self, name: str, version: int) -> list[dict[str, Any]]:
        if version < 0:
            return []
        frame = self._spark.sql(f"SELECT * FROM {name} VERSION AS OF {version}")
        return [row.asDict() for row in frame.collect()]

    def _add(self, delta: DeltaTable, tree: exp.Expression) -> None:
        stored = pa.schema(delta.schema())
        for column in tree.find_all(exp.ColumnDef):
            kind = arrow_type(column.args["kind"].sql("databricks"))
            path = re.findall(r"`(\w+)`", column.this.sql("databricks", identify=True))
            if len(path) > 1:
                field = stored.field(path[0])
                stored = stored.set(
                    stored.get_field_index(path[0]),
                    field.with_type(_with_field(field.type, path[1:], kind)),
                )
                write_deltalake(delta, stored.empty_table(), mode="append", schema_mode="merge")
            else:
                said = column.find(exp.CommentColumnConstraint)
                comment = said.this.name if said else ""
                made = pa.field(column.name, kind, metadata={"comment": comment})
                (field,) = Schema.from_arrow(pa.schema([made])).fields
                delta.alter.add_columns([Field.from_json(field.to_json())])

    def _register(self, name: str) -> None:
        """Sail keeps the schema that it has seen: let it look again."""
        self._spark.sql(f"DROP TABLE {name}")
        self._spark.sql(f"CREATE TABLE {name} USING DELTA LOCATION '{self.tables[name]}'")


_ANSWERS = (
    (rf"CREATE TABLE {_NAME} .*table_changes\('{_NAME}', (\d+), (\d+)\)$", Workspace.fed),
    (rf"CREATE OR REPLACE TABLE {_NAME}\n.*\nAS (SELECT .*)$", Workspace.replaced),
    (rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME} ", Workspace.made),
    (rf"DROP TABLE IF EXISTS {_NAME}$", Workspace.dropped),
    (rf"SELECT \* FROM {_NAME}$", Workspace.described),
    (rf"DESCRIBE HISTORY {_NAME} LIMIT (\d+)$", Workspace.history),
    (rf"ALTER TABLE {_NAME} (.*)$", Workspace.altered),
    (rf"OPTIMIZE {_NAME}$", Workspace.compacted),
    (rf"VACUUM {_NAME} RETAIN (\d+) HOURS$", Workspace.vacuumed),
    (r"SHOW TABLES IN `(\w+)`\.`(\w+)`$", Workspace.listed),
)


def _beyond(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `left` that `right` has not, as often as it lacks them."""
    spare = Counter(map(repr, right))
    found = []
    for row in left:
        if spare[repr(row)]:
            spare[repr(row)] -= 1
        else:
            found.append(row)
    return found


def _with_field(kind: pa.DataType, path: list[str], added: pa.DataType) -> pa.DataType:
    step, *rest = path
    if pa.types.is_list(kind):
        assert step == "element"
        return pa.list_(_with_field(kind.value_type, rest, added))
    if not rest:
        return pa.struct([*kind, pa.field(step, added)])
    return pa.struct(
        [
            field.with_type(_with_field(field.type, rest, added)) if field.name == step else field
            for field in kind
        ]
    )
