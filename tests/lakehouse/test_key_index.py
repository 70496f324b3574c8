"""Where the rows of a key can stand: every day on which one does, whatever became of the file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.lakehouse.folder import key_index
from pipeline.lakehouse.folder.key_index import Pairs, _hashes
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.declaration import Column
from tests.lakehouse.examples import EMPTY, FULL, THINGS, cut_log_short, things

FIRST, SECOND, LATER = FULL["day"], EMPTY["day"], date(2026, 3, 1)

stored_pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=12)


def _pairs(of: list[tuple[int, int]]) -> Pairs:
    hashes, days = (np.array([pair[place] for pair in of]) for place in (0, 1))
    return Pairs.of(hashes.astype(np.uint64), days.astype(np.int32))


@given(stored_pairs, stored_pairs, st.sets(st.integers(0, 7)))
def test_pairs_are_a_set(
    before: list[tuple[int, int]], new: list[tuple[int, int]], keys: set[int]
) -> None:
    pairs = _pairs(before).plus(_pairs(new))
    together = list(zip(pairs.hashes.tolist(), pairs.days.tolist(), strict=True))
    assert sorted(together) == sorted({*before, *new})
    assert pairs.hashes.tolist() == sorted(pairs.hashes.tolist())
    days = pairs.days_of(np.array(sorted(keys), dtype=np.uint64))
    assert days.tolist() == sorted({day for key, day in together if key in keys})


ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(ids, ids), max_size=20), st.data())
def test_a_hash_is_of_the_values_however_they_lie_in_memory(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.string())])
    whole = pa.Table.from_pylist([dict(zip("ab", row, strict=True)) for row in rows], schema)
    cut = data.draw(st.integers(0, len(rows)))
    parts = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    hashes = _hashes(whole).tolist()
    assert _hashes(parts).tolist() == hashes
    assert _hashes(whole.slice(cut)).tolist() == hashes[cut:]
    assert len(set(hashes)) == len(set(rows))


def _ids(spark: SparkSession, *ids: str | None) -> DataFrame:
    return spark.createDataFrame([(one,) for one in ids], "id string")


def test_a_key_is_looked_for_on_its_days(lakehouse: Lakehouse, spark: SparkSession) -> None:
    lakehouse.create(THINGS)
    assert lakehouse.days_of(THINGS, _ids(spark, "a")) == set()
    lakehouse.merge(THINGS, things(spark, FULL, EMPTY))
    lakehouse.index_days(THINGS, ("id",))
    assert lakehouse.days_of(THINGS, _ids(spark, "a")) == {FIRST}
    assert lakehouse.days_of(THINGS, _ids(spark, "a", "b", "none", None)) == {FIRST, SECOND}
    assert lakehouse.days_of(THINGS, _ids(spark)) == set()
    lakehouse.append(THINGS, things(spark, FULL | {"id": "c", "day": LATER}))
    assert lakehouse.days_of(THINGS, _ids(spark, "c")) == {LATER}
    pairs = spark.createDataFrame([("a", 7), ("b", 7)], "id string, count int")
    assert lakehouse.days_of(THINGS, pairs) == {FIRST}


def test_columns_in_another_order_are_another_question(
    folder: DeltaFolder, spark: SparkSession
) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, FULL | {"id": "x", "name": "y"}))
    asked = spark.createDataFrame([("x", "y")], "id string, name string")
    swapped = spark.createDataFrame([("y", "x")], "id string, name string")
    for columns in (("id", "name"), ("name", "id")):
        assert folder.days_of(THINGS, asked.select(*columns)) == {FIRST}
        assert folder.days_of(THINGS, swapped.select(*columns)) == set()


def _file(home: DeltaFolder) -> Path:
    return home.home / ".key_days" / "silver.things.id.arrow"


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _foreign(file: Path) -> None:
    file.write_bytes(b"PAR1 is another format")


def _one_byte_of_the_footer(file: Path) -> None:
    written = bytearray(file.read_bytes())
    written[-30] ^= 0xFF
    file.write_bytes(written)


@pytest.mark.parametrize("damage", [_cut, _empty, _foreign, _one_byte_of_the_footer, Path.unlink])
def test_a_damaged_file_is_made_anew(
    folder: DeltaFolder, spark: SparkSession, damage: Callable[[Path], None]
) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, FULL, EMPTY))
    folder.index_days(THINGS, ("id",))
    damage(_file(folder))
    assert folder.days_of(THINGS, _ids(spark, "a")) == {FIRST}
    assert _file(folder).exists()


def test_hashes_of_another_kind_are_made_anew(
    folder: DeltaFolder, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, FULL, EMPTY))
    folder.index_days(THINGS, ("id",))
    hashes_now = key_index._hashes
    monkeypatch.setattr(key_index, "_hashes", lambda rows: hashes_now(rows) ^ np.uint64(1))
    assert folder.days_of(THINGS, _ids(spark, "a")) == {FIRST}


def test_what_was_known_of_another_table_is_forgotten(tmp_path: Path, spark: SparkSession) -> None:
    old, new = (DeltaFolder(tmp_path / name, spark) for name in ("old", "new"))
    for home, rows in ((old, (FULL, EMPTY)), (new, (FULL | {"day": LATER},))):
        home.create(THINGS)
        home.merge(THINGS, things(spark, *rows))
        home.index_days(THINGS, ("id",))
    _file(old).replace(_file(new))
    assert new.days_of(THINGS, _ids(spark, "a", "b")) == {LATER}


def test_a_feed_vacuumed_away_costs_no_day(folder: DeltaFolder, spark: SparkSession) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, FULL))
    folder.index_days(THINGS, ("id",))
    folder.append(THINGS, things(spark, EMPTY | {"day": LATER}))
    folder.append(THINGS, things(spark, FULL | {"id": "c"}))
    folder.maintain(THINGS, retain_hours=0)
    assert folder.days_of(THINGS, _ids(spark, "b")) == {LATER}


def test_a_log_cut_short_costs_no_day(folder: DeltaFolder, spark: SparkSession) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, FULL))
    folder.index_days(THINGS, ("id",))
    for number in range(3):
        folder.append(THINGS, things(spark, EMPTY | {"id": f"n{number}", "day": LATER}))
    cut_log_short(folder)
    assert folder.days_of(THINGS, _ids(spark, "n0")) == {LATER}


def test_rows_without_a_value_are_on_no_day(folder: DeltaFolder, spark: SparkSession) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, EMPTY))
    nameless = spark.createDataFrame([(None,)], "name string")
    assert folder.days_of(THINGS, nameless) == set()
    folder.append(THINGS, things(spark, EMPTY | {"id": "c"}, FULL))
    assert folder.days_of(THINGS, nameless) == set()
    assert folder.days_of(THINGS, things(spark, FULL).select("name")) == {FIRST}


def test_the_day_itself_is_not_looked_up(folder: DeltaFolder, spark: SparkSession) -> None:
    folder.create(THINGS)
    with pytest.raises(ValueError, match=r"silver\.things: the days of a day are not looked up"):
        folder.days_of(THINGS, things(spark, FULL).select("id", "day"))


def test_very_long_keys_are_told_apart(folder: DeltaFolder, spark: SparkSession) -> None:
    endless = "x" * 1_000_000
    folder.create(THINGS)
    rows = [FULL | {"id": endless + "a"}, FULL | {"id": endless + "b", "day": LATER}]
    folder.merge(THINGS, things(spark, *rows, EMPTY))
    assert folder.days_of(THINGS, _ids(spark, endless + "a")) == {FIRST}
    assert folder.days_of(THINGS, _ids(spark, endless)) == set()
    assert folder.days_of(THINGS, _ids(spark, "b")) == {SECOND}


def test_what_another_has_written_is_seen(folder: DeltaFolder, spark: SparkSession) -> None:
    folder.create(THINGS)
    other = DeltaFolder(folder.home, spark)
    assert other.version(THINGS) == 0
    folder.merge(THINGS, things(spark, FULL, EMPTY))
    assert other.version(THINGS) == folder.version(THINGS)
    assert other.partition_rows(THINGS) == {FIRST: 1, SECOND: 1}
    other.append(THINGS, things(spark, FULL | {"id": "c"}))
    other.maintain(THINGS, retain_hours=24)
    assert folder.partition_rows(THINGS) == {FIRST: 2, SECOND: 1}
    assert folder.days_of(THINGS, _ids(spark, "c")) == {FIRST}


def test_rows_written_before_a_column_was_count_as_without_it(
    folder: DeltaFolder, spark: SparkSession
) -> None:
    folder.create(THINGS)
    folder.merge(THINGS, things(spark, FULL))
    grown = replace(THINGS, columns=(*THINGS.columns, Column("payer", "string", "Later")))
    folder.create(grown)
    paid = things(spark, EMPTY).selectExpr("*", "'p' AS payer")
    folder.append(grown, paid)
    asked = spark.createDataFrame([(None,)], "payer string")
    assert folder.days_of(grown, asked) == set()
    assert folder.days_of(grown, spark.createDataFrame([("p",)], "payer string")) == {SECOND}
