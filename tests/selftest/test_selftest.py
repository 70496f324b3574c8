"""The self-test finds what it should find: nothing on this engine, and whatever has been planted."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.cli.selftest import simulated_account
from pipeline.nightly.night import stages_of
from pipeline.selftest.fingerprint import Fingerprint
from pipeline.selftest.run import Outcome, TableVerdict, compared, run_stages
from pipeline.selftest.scratch import scratch_home
from pipeline.tables import gold
from pipeline.tables.declaration import Column, Layer, Table

_THINGS = Table(
    layer=Layer.GOLD,
    name="things",
    grain="a thing",
    keys=("id",),
    columns=(
        Column("id", "string", "Which", nullable=False),
        Column("share", "double", "A share"),
        Column("word", "string", "A word"),
        Column("seen_at", "timestamp", "When it was seen", audit=True),
    ),
)


def _of(*rows: tuple[str, float | None, str]) -> Fingerprint:
    names = ("id", "share", "word")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Fingerprint.of(
        _THINGS, pa.table({name: list(column) for name, column in columns.items()})
    )


def test_a_fingerprint_tells_values_apart_and_not_their_order() -> None:
    rows = (("a", 1.0, "x"), ("b", 2.0, "y"), ("c", None, "z"))
    stands = _of(*rows)
    assert stands.differing(_of(*reversed(rows))) == ()
    assert stands.differing(_of(("a", 1.0 + 1e-9, "x"), *rows[1:])) == ()
    assert stands.differing(_of(("a", 1.001, "x"), *rows[1:])) == ("share",)
    assert stands.differing(_of(("a", None, "x"), *rows[1:])) == ("share",)
    swapped = _of(("a", 2.0, "x"), ("b", 1.0, "y"), rows[2])
    assert stands.differing(swapped) == ("share",)
    assert stands.differing(_of(("a", 1.0, "X"), *rows[1:])) == ("word",)
    assert stands.differing(_of(*rows[:2])) == ("rows", "id", "word")
    assert Fingerprint.read(stands.stored()) == stands


def test_this_engine_makes_what_is_expected_and_a_planted_fault_is_found(
    spark: SparkSession, tmp_path: Path
) -> None:
    account = simulated_account(tmp_path / "account")
    with scratch_home(spark, account) as scratch:
        seconds = run_stages(spark, scratch)
        outcome = compared(scratch.lakehouse, seconds)
        assert outcome.is_as_expected, outcome.sentence
        assert tuple(outcome.seconds) == stages_of()
        likely = scratch.lakehouse.read(gold.JOB_FORECAST)
        scratch.lakehouse.merge(
            gold.JOB_FORECAST, likely.withColumn("p_miss", F.col("p_miss") * 0.9).limit(3)
        )
        wrong = [
            one for one in compared(scratch.lakehouse, seconds).tables if not one.is_as_expected
        ]
    assert [(one.table, one.differing) for one in wrong] == [
        (gold.JOB_FORECAST.full_name, ("p_miss",))
    ]


@pytest.mark.usefixtures("spark")
def test_a_difference_is_said_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Outcome((TableVerdict("gold.jobs", 11, 12, ("rows", "team")),), {"bronze": 1.0})
    monkeypatch.setattr("pipeline.selftest.run.run_stages", lambda *_: {})
    monkeypatch.setattr("pipeline.selftest.run.compared", lambda *_: found)
    monkeypatch.setattr("pipeline.cli.selftest.unwind_when_interrupted", lambda: None)
    result = CliRunner().invoke(app, ["selftest"])
    assert result.exit_code == 1
    assert (
        "1 of 1 tables are not as the embedded engine made them, gold.jobs first" in result.stdout
    )
    assert "rows, team" in result.stdout
