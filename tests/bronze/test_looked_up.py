"""Keys that do not tell their day: a record may come again, stronger, with another date."""

from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
from pyspark.sql import SparkSession

from pipeline.bronze.ingest import Past, ingest
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import bronze, source
from tests.bronze.ingesting import NOW, Batches, Remembered, empty_bronze, held, ingest_all
from tests.sources.small import arrow_rows

_TABLE = source.USAGE
_DAY = timedelta(days=1)


def _records(first: int, rows: int, **changed: object) -> pa.Table:
    told = [row | changed for row in arrow_rows(_TABLE, first, rows).to_pylist()]
    return pa.Table.from_pylist(told, schema=arrow_rows(_TABLE, rows=1).schema)


def test_a_record_is_known_on_whatever_day_it_stands(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    home = empty_bronze(lakehouse, (_TABLE,))
    old = _records(0, 2)
    day, other_day = (time.as_py() for time in old["usage_date"])
    by = {"run_as": "a", "created_by": None, "owned_by": None}
    stronger = _records(0, 1, usage_date=day + 40 * _DAY, identity_metadata=by)
    other = _records(2, 1, usage_date=day + 40 * _DAY)
    nights = Batches(spark, [old, other, pa.concat_tables([stronger, old]), old])
    positions = Remembered()
    done = [ingest_all(nights, home, positions, (_TABLE,))[_TABLE.name] for _ in range(4)]
    assert [(one.kept_new, one.kept_changed, one.duplicates, one.rejected) for one in done] == [
        (2, 0, 0, 0),
        (1, 0, 0, 0),
        (0, 1, 1, 1),
        (0, 0, 1, 1),
    ]
    days = {row["record_id"]: row["usage_date"] for row in held(home, bronze.USAGE)}
    assert days == {"r0": day + 40 * _DAY, "r1": other_day, "r2": day + 40 * _DAY}
    assert len(held(home, bronze.USAGE)) == 3


def test_a_late_record_that_comes_twice_is_late_once(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    home = empty_bronze(lakehouse, (_TABLE,))
    known, late = _records(0, 2), _records(2, 2)
    nights, positions = Batches(spark, [known, pa.concat_tables([late, late])]), Remembered()
    ingest_all(nights, home, positions, (_TABLE,))
    newest = max(time.as_py() for time in late["usage_end_time"]) + 30 * _DAY
    past = Past(newest_observed_at=newest)
    done = ingest(nights, home, positions, now=NOW, tables=(_TABLE,), past=lambda _table: past)
    (taken,) = done
    assert (taken.received, taken.kept_new, taken.duplicates, taken.late) == (4, 2, 2, 2)


def test_a_record_corrected_twice_sums_to_its_last_statement(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    """Whichever way corrections come, and how often: all of them bear the record's id."""
    (first,) = _records(0, 1).to_pylist()
    day = first["ingestion_date"]

    def record(kind: str, quantity: str, landed: int) -> dict[str, object]:
        return first | {
            "record_type": kind,
            "usage_quantity": Decimal(quantity),
            "ingestion_date": day + landed * _DAY,
        }

    original = record("ORIGINAL", "10", 0)
    # The first gives another team the same quantity, the others another quantity.
    corrections = [
        (record("RETRACTION", "-10", 3), record("RESTATEMENT", "10", 3) | {"custom_tags": []}),
        (record("RETRACTION", "-10", 5), record("RESTATEMENT", "7.5", 5)),
        (record("RETRACTION", "-7.5", 5), record("RESTATEMENT", "8.25", 5)),
    ]
    every = [original, *(row for pair in corrections for row in pair)]
    schema = arrow_rows(_TABLE, rows=1).schema
    deliveries = [[original], *map(list, corrections), every[:3], every]
    orders = [deliveries, [every], deliveries[::-1]]
    for number, order in enumerate(orders):
        home = empty_bronze(DeltaFolder(lakehouse.home / str(number), spark), (_TABLE,))
        nights = Batches(spark, [pa.Table.from_pylist(rows, schema=schema) for rows in order])
        positions = Remembered()
        for _ in order:
            done = ingest_all(nights, home, positions, (_TABLE,))[_TABLE.name]
            assert done.rejected == 0
        quantities = [row["usage_quantity"] for row in held(home, bronze.USAGE)]
        assert (len(quantities), sum(quantities)) == (7, Decimal("8.25"))
