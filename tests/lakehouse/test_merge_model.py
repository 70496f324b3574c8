"""Random writes against a dictionary that says what the table must be after each of them."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.derive import spark_schema
from tests.lakehouse.homes import held

TABLE = Table(
    layer=Layer.SILVER,
    name="model",
    grain="one thing",
    keys=("workspace_id", "thing_id"),
    partition_by="day",
    columns=(
        Column("workspace_id", "string", "Half of the key", nullable=False),
        Column("thing_id", "bigint", "The other half", nullable=False),
        Column("day", "date", "Partition, which may move", nullable=False),
        Column("value", "double", "A number"),
        Column("tags", "map<string,string>", "A map"),
        Column("written_at", "timestamp", "When written", audit=True),
    ),
)

Key = tuple[str, int]
KEY = "workspace_id string, thing_id bigint"


@dataclass(frozen=True)
class Row:
    day: date
    value: float | None
    tags: tuple[tuple[str, str | None], ...] | None
    written_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def differs(self, other: "Row") -> bool:
        return replace(self, written_at=other.written_at) != other


keys = st.tuples(st.sampled_from("ab"), st.integers(1, 3))
days = st.sampled_from([date(2026, 1, 1), date(2026, 1, 2), date(2026, 2, 1)])
rows = st.builds(
    Row,
    day=days,
    value=st.sampled_from([None, 0.5, 1.0]),
    tags=st.sampled_from([None, (), (("x", None),), (("x", "1"), ("y", "2"))]),
)
batches = st.dictionaries(keys, rows, max_size=5)
operations = st.one_of(
    st.tuples(st.just("merge"), batches),
    st.tuples(st.just("replace"), batches),
    st.tuples(st.just("append"), batches),
    st.tuples(st.just("by day"), batches, st.sets(days)),
    st.tuples(st.just("by value"), batches, st.sets(st.sampled_from([None, 0.5]), min_size=1)),
    st.tuples(st.just("again")),
    st.tuples(st.just("maintain")),
)


@settings(max_examples=12)
@given(st.lists(operations, min_size=2, max_size=7))
def test_writes_match_the_model(spark: SparkSession, steps: list[tuple]) -> None:  # type: ignore[type-arg]
    with TemporaryDirectory() as home, held(Path(home), spark) as lakehouse:
        lakehouse.create(TABLE)
        model: dict[Key, Row] = {}
        for number, step in enumerate(steps):
            model = check_step(lakehouse, spark, model, step, number)


def check_step(
    lakehouse: Lakehouse,
    spark: SparkSession,
    model: dict[Key, Row],
    step: tuple,
    number: int,  # type: ignore[type-arg]
) -> dict[Key, Row]:
    before = lakehouse.version(TABLE)
    if step[0] == "maintain":
        lakehouse.maintain(TABLE, retain_hours=24)
        assert contents(lakehouse) == model
        assert not lakehouse.changed(TABLE, before)
        return model
    given_rows = dict(model) if step[0] == "again" else step[1]
    at = datetime(2026, 3, 1, 0, number, tzinfo=UTC)
    arriving = {key: replace(row, written_at=at) for key, row in given_rows.items()}
    gone: set[Key] = set()
    match step[0]:
        case "merge" | "again":
            written = lakehouse.merge(TABLE, frame(spark, arriving))
        case "append":
            arriving = {key: row for key, row in arriving.items() if key not in model}
            written = lakehouse.append(TABLE, frame(spark, arriving))
        case "replace":
            written = lakehouse.replace(TABLE, frame(spark, arriving))
            gone = set(model) - set(arriving)
        case "by day":
            scope = spark.createDataFrame([(day,) for day in step[2]], "day date")
            written = lakehouse.merge(TABLE, frame(spark, arriving), scope=scope)
            gone = {key for key, row in model.items() if row.day in step[2]} - set(arriving)
        case "by value":
            scope = spark.createDataFrame([(value,) for value in step[2]], "value double")
            written = lakehouse.merge(TABLE, frame(spark, arriving), scope=scope)
            gone = {key for key, row in model.items() if row.value in step[2]} - set(arriving)
    new = {key for key in arriving if key not in model}
    updated = {key for key in arriving if key in model and model[key].differs(arriving[key])}
    after = {key: row for key, row in model.items() if key not in gone}
    after |= {key: arriving[key] for key in new}
    # First seen stays first seen.
    after |= {key: replace(arriving[key], written_at=model[key].written_at) for key in updated}

    assert contents(lakehouse) == after
    assert (written.inserted, written.updated, written.deleted) == (
        len(new),
        len(updated),
        len(gone),
    )
    moved = bool(new or updated or gone)
    assert written.version == lakehouse.version(TABLE) == before + moved
    assert lakehouse.changed(TABLE, before) == moved
    touched = {(*key, model[key].day) for key in updated | gone}
    touched |= {(*key, arriving[key].day) for key in new | updated}
    seen = lakehouse.changes(TABLE, before, ("workspace_id", "thing_id", "day")).collect()
    assert sorted(tuple(row) for row in seen) == sorted(touched)
    for key in [*sorted(after)[:1], ("c", 1)]:
        # Where it has been it may still be looked for, and where it is it must.
        found = lakehouse.days_of(TABLE, spark.createDataFrame([key], KEY))
        assert found >= {row.day for other, row in after.items() if other == key}
        assert key in after or not found
    return after


def frame(spark: SparkSession, rows: dict[Key, Row]) -> DataFrame:
    return spark.createDataFrame(
        [
            # Written in another order each time: the order of a map's entries is no change.
            (
                *key,
                row.day,
                row.value,
                None if row.tags is None else dict(row.tags[:: (-1) ** row.written_at.minute]),
                row.written_at,
            )
            for key, row in rows.items()
        ],
        spark_schema(TABLE),
    )


def contents(lakehouse: Lakehouse) -> dict[Key, Row]:
    stored = lakehouse.read(TABLE).toArrow().to_pylist()
    found = {
        (row["workspace_id"], row["thing_id"]): Row(
            row["day"],
            row["value"],
            None if row["tags"] is None else tuple(sorted(row["tags"])),
            row["written_at"],
        )
        for row in stored
    }
    assert len(found) == len(stored), "a key has two rows"
    return found
