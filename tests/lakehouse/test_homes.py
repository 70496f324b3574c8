"""A home of any name holds tables; that every command works in one, `tests/e2e` holds."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.lakehouse.examples import EMPTY, FULL, THINGS, things

_HARD = "my hömé (x) {y} 50% #1?*"


def _lived_in(home: Path, spark: SparkSession) -> None:
    """What nights and commands do to a table, and each of its rows after it."""
    lakehouse = DeltaFolder(home, spark)
    lakehouse.create(THINGS)
    lakehouse.append(THINGS, things(spark, FULL, EMPTY))
    lakehouse.merge(THINGS, things(spark, EMPTY | {"count": 1}))
    assert [row["id"] for row in lakehouse.changes(THINGS, 1, ("id",)).collect()] == ["b"]
    assert lakehouse.days_of(THINGS, things(spark, FULL).select("id")) == {FULL["day"]}
    lakehouse.maintain(THINGS, 0)
    again = DeltaFolder(home, spark)
    assert {row["id"]: row["count"] for row in again.read(THINGS).collect()} == {"a": 7, "b": 1}
    assert {"MERGE", "CREATE TABLE"} <= {commit.operation for commit in again.history(THINGS)}
    assert again.changed(THINGS, again.version(THINGS) - 1) is False
    assert list(home.glob("silver/things/day=*/*.parquet"))


@pytest.mark.parametrize("name", [_HARD, ".hidden", "_left=1"])
def test_a_home_of_any_name_holds_tables(
    name: str, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _lived_in(Path(name) / "home", spark)


def test_a_linked_home_holds_tables(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / _HARD).mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / _HARD)
    _lived_in(tmp_path / "linked", spark)


@pytest.mark.parametrize(("name", "refused"), [("[x]", "["), ("a|b", "|"), ("50%20x", "%20")])
def test_a_name_that_delta_cannot_write_is_refused(
    name: str, refused: str, spark: SparkSession, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        DeltaFolder(tmp_path / name, spark)
    assert f"holds {refused!r}: choose a --home without it" in str(error.value)
