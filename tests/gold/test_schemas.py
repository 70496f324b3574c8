"""What nights see of the columns of tables: each change once, and nothing that is no change."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.gold.schemas import columns_seen, table_schema_changes, table_schemas
from pipeline.tables import bronze, gold, ops
from tests.gold.test_dependencies import HOSTILE
from tests.strategies.tables import Row, at, frame_of, rows_of

Schema = Mapping[str, tuple[str, bool]]
"""Of each column its type and whether it may be NULL."""
Listed = Mapping[str, Schema]
"""Of each table that is listed its columns."""
_TABLES = (HOSTILE, "main.a.plain")
_COLUMNS = ("id", "amount", 'it\'s `c` "x" 😀\\ --\n')
_ID: Schema = {"id": ("bigint", False)}


def _columns(listed: Listed) -> list[Row]:
    rows = []
    for table, columns in listed.items():
        catalog, schema, name = table.split(".", 2)
        for column, (kind, may_be_null) in columns.items():
            rows.append(
                {
                    "table_catalog": catalog,
                    "table_schema": schema,
                    "table_name": name,
                    "column_name": column,
                    "full_data_type": kind,
                    "is_nullable": "YES" if may_be_null else "NO",
                }
            )
    return rows


class _Nights:
    """Nights over what is listed, one a day."""

    def __init__(self, spark: SparkSession, written: Sequence[str] = _TABLES) -> None:
        self._spark = spark
        self._freshness = [
            {"table_name": name, "writers": ["w/1"], "status": "ok"} for name in written
        ]
        self.seen: list[Row] = []

    def night(self, day: int, listed: Listed, written: Sequence[str] | None = None) -> list[Row]:
        """What the night of a day adds to what was seen."""
        freshness = [
            row for row in self._freshness if written is None or row["table_name"] in written
        ]
        output = columns_seen(
            frame_of(self._spark, bronze.TABLE_COLUMNS, _columns(listed)),
            frame_of(self._spark, gold.TABLE_FRESHNESS, freshness),
            frame_of(self._spark, ops.COLUMNS_SEEN, self.seen),
            as_of=at(day),
        )
        rows = rows_of(output.select(*ops.COLUMNS_SEEN.column_names))
        keys = [tuple(row[key] for key in ops.COLUMNS_SEEN.keys) for row in rows]
        assert len(set(keys)) == len(keys)
        self.seen += rows
        return rows

    def changes(self, edges: Sequence[Row] = ()) -> list[Row]:
        output = table_schema_changes(
            frame_of(self._spark, ops.COLUMNS_SEEN, self.seen),
            frame_of(self._spark, gold.TABLE_FRESHNESS, self._freshness),
            frame_of(self._spark, gold.JOB_DEPENDENCIES, edges),
        )
        order = ("night_at", "table_name", "column_name", "change")
        return sorted(rows_of(output), key=lambda row: tuple(row[name] for name in order))

    def told(self, table: str) -> list[tuple[str, str, int]]:
        """Of a table each change, its column, and the day of the night that saw it."""
        return [
            (row["change"], row["column_name"], (row["night_at"] - at(0)).days)
            for row in self.changes()
            if row["table_name"] == table
        ]

    def schemas(self, day: int, listed: Listed) -> dict[str, Row]:
        output = table_schemas(
            frame_of(self._spark, gold.TABLE_FRESHNESS, self._freshness),
            frame_of(self._spark, bronze.TABLE_COLUMNS, _columns(listed)),
            frame_of(self._spark, ops.COLUMNS_SEEN, self.seen),
            as_of=at(day),
        )
        return {row["table_name"]: row for row in rows_of(output)}


_SCHEMAS = st.dictionaries(
    st.sampled_from(_COLUMNS),
    st.tuples(st.sampled_from(("int", "bigint", "struct<a:int>")), st.booleans()),
    min_size=1,
)
_LISTED = st.dictionaries(st.sampled_from(_TABLES), _SCHEMAS)


def _applied(schema: Schema, changes: Sequence[Row]) -> Schema:
    """The columns after changes of one night, each of which must fit what was there."""
    after = dict(schema)
    for row in changes:
        name, old, new = row["column_name"], row["old_type"], row["new_type"]
        match row["change"]:
            case "column_added":
                assert name not in schema
                after[name] = (new, row["is_nullable"])
            case "column_removed":
                assert schema[name] == (old, row["was_nullable"])
                assert new is None
                del after[name]
            case "type_changed":
                assert schema[name][0] == old != new
                after[name] = (new, after[name][1])
            case "nullability_changed":
                assert schema[name][1] is row["was_nullable"] is not row["is_nullable"]
                after[name] = (after[name][0], row["is_nullable"])
    return after


@settings(max_examples=25, deadline=None)
@given(nights=st.lists(_LISTED, min_size=2, max_size=4))
def test_changes_applied_to_what_was_seen_are_what_is_seen(
    spark: SparkSession, nights: list[Listed]
) -> None:
    made = _Nights(spark)
    for day, listed in enumerate(nights):
        made.night(day, listed)
        assert made.night(day, listed) == [], "a night that is repeated"
    by_night: dict[tuple[str, Any], list[Row]] = {}
    for row in made.changes():
        by_night.setdefault((row["table_name"], row["night_at"]), []).append(row)
    for table in _TABLES:
        schema: Schema | None = None
        is_visible = False
        for day, listed in enumerate(nights):
            rows = by_night.pop((table, at(day)), [])
            now = listed.get(table)
            visibility = [row["change"] for row in rows if row["column_name"] == ""]
            if schema is None:
                assert rows == [], "a table first seen has not changed"
            elif now is None:
                assert [row["change"] for row in rows] == ["not_visible"] * is_visible
            else:
                assert visibility == ["visible_again"] * (not is_visible)
                assert _applied(schema, rows) == now
            is_visible = now is not None
            schema = schema if now is None else now
    assert by_night == {}


def test_each_kind_of_change_is_seen_by_the_first_night_after_it(spark: SparkSession) -> None:
    nights = _Nights(spark)
    other = {"main.a.plain": _ID}
    first: Schema = {"id": ("bigint", False), "amount": ("int", True), "old": ("string", True)}
    later: Schema = {
        "id": ("bigint", True),
        "amount": ("decimal(18,2)", False),
        "new": ("date", True),
    }
    nights.night(0, other | {HOSTILE: first})
    nights.night(1, other | {HOSTILE: later})
    nights.night(2, other)
    nights.night(4, other | {HOSTILE: first})
    assert nights.told(HOSTILE) == [
        ("nullability_changed", "amount", 1),
        ("type_changed", "amount", 1),
        ("nullability_changed", "id", 1),
        ("column_added", "new", 1),
        ("column_removed", "old", 1),
        ("not_visible", "", 2),
        ("visible_again", "", 4),
        ("nullability_changed", "amount", 4),
        ("type_changed", "amount", 4),
        ("nullability_changed", "id", 4),
        ("column_removed", "new", 4),
        ("column_added", "old", 4),
    ]
    assert nights.told("main.a.plain") == []


def test_a_night_that_speaks_of_no_later_time_adds_nothing(spark: SparkSession) -> None:
    nights = _Nights(spark)
    nights.night(3, {HOSTILE: _ID})
    assert nights.night(3, {HOSTILE: {"id": ("string", True)}}) == []
    assert nights.night(1, {HOSTILE: {"id": ("string", True)}}) == []
    assert len(nights.night(4, {HOSTILE: {"id": ("string", False)}})) == 1


def test_only_tables_that_jobs_write_are_remembered(spark: SparkSession) -> None:
    nights = _Nights(spark)
    rows = nights.night(0, {HOSTILE: _ID, "main.a.unwritten": _ID})
    assert {row["table_name"] for row in rows} == {HOSTILE}
    # No job has written it for long: that it is not looked for says nothing of it.
    assert nights.night(1, {}, written=()) == []
    assert nights.night(2, {HOSTILE: {"id": ("string", False)}}) != []
    assert nights.told(HOSTILE) == [("type_changed", "id", 2)]


def test_whom_a_change_may_break_and_who_writes(spark: SparkSession) -> None:
    nights = _Nights(spark)
    nights.night(0, {HOSTILE: _ID})
    nights.night(1, {HOSTILE: {"key": ("bigint", False)}})
    edge = {
        "kind": "feeds",
        "table_name": HOSTILE,
        "is_current": True,
        "upstream_series_key": "w/1",
    }
    edges: list[Row] = [
        edge | {"series_key": "w/9"},
        edge | {"series_key": "w/2", "upstream_series_key": "w/3"},
        edge | {"series_key": "w/2"},
        edge | {"series_key": "w/4", "is_current": False},
        edge | {"series_key": "w/5", "table_name": "main.a.plain"},
        edge | {"series_key": "w/6", "kind": "fires", "table_name": ""},
    ]
    rows = nights.changes(edges)
    assert [row["change"] for row in rows] == ["column_removed", "column_added"]
    for row in rows:
        assert (row["writers"], row["readers"], row["reader_jobs"]) == (["w/1"], ["w/2", "w/9"], 2)


@pytest.mark.parametrize(
    ("seen_by", "day", "listed", "reason"),
    [
        ((), 0, {}, "system.information_schema.columns was not read"),
        (
            (0,),
            0,
            {"main.b.c": _ID},
            "system.information_schema.columns does not list it to whoever reads",
        ),
        ((0,), 0, {HOSTILE: _ID}, "no night before this one has seen its columns"),
        ((0, 1), 1, {HOSTILE: _ID}, ""),
    ],
)
def test_a_table_has_one_status_and_a_true_reason(
    spark: SparkSession, seen_by: tuple[int, ...], day: int, listed: Listed, reason: str
) -> None:
    nights = _Nights(spark)
    for number in seen_by:
        nights.night(number, listed)
    row = nights.schemas(day, listed)[HOSTILE]
    assert (row["status"], row["reason"]) == ("not_assessed" if reason else "ok", reason)
    is_known = HOSTILE in listed
    assert (row["known_since"], row["columns"]) == ((at(0), 1) if is_known else (None, 0))


def test_a_table_that_is_no_longer_listed_says_so(spark: SparkSession) -> None:
    nights = _Nights(spark)
    nights.night(0, {HOSTILE: _ID, "main.a.plain": _ID})
    nights.night(1, {"main.a.plain": _ID})
    rows = nights.schemas(1, {"main.a.plain": _ID})
    assert rows[HOSTILE]["reason"] == "it is gone, or no longer listed to whoever reads"
    assert (rows[HOSTILE]["columns"], rows["main.a.plain"]["status"]) == (1, "ok")
