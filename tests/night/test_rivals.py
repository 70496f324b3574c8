"""Two nights started at once on one home: one works, the other says who does, or waits for it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.tables import bronze
from tests.e2e.account import Ran, rightrun_alone
from tests.night.homes import Made, assert_same_home, night, versions
from tests.sources.small import write_export

_INGESTED = (*bronze.BRONZE_OF.values(), bronze.QUARANTINE)


@pytest.fixture(scope="module")
def alone(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """What one night by itself takes in."""
    place = tmp_path_factory.mktemp("alone")
    alone = Made(place / "home", write_export(place / "export"))
    night(spark, alone.home, alone.export, only="bronze")
    return alone


def _at_once(alone: Made, home: Path, *more: str) -> list[Ran]:
    arguments = [
        "nightly",
        "--only",
        "bronze",
        "--source",
        f"export:{alone.export}",
        "--home",
        home,
    ]
    with ThreadPoolExecutor() as threads:
        racing = [
            threads.submit(rightrun_alone, *arguments, *more, cwd=home.parent) for _ in range(2)
        ]
        return sorted((one.result() for one in racing), key=lambda ran: ran.code)


def test_one_of_two_says_who_holds_the_home(
    spark: SparkSession, alone: Made, tmp_path: Path
) -> None:
    winner, loser = _at_once(alone, tmp_path / "home")
    assert (winner.code, loser.code) == (0, 2), winner.err + loser.err
    # The winner's number is in the lock a moment after the lock is his.
    assert re.search(
        r"is being written by (process \d+|another process)", " ".join(loser.err.split())
    )
    assert_same_home(spark, tmp_path / "home", alone.home, _INGESTED)


def test_one_of_two_waits_and_finds_nothing_new(
    spark: SparkSession, alone: Made, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert [ran.code for ran in _at_once(alone, home, "--wait")] == [0, 0]
    assert_same_home(spark, home, alone.home, _INGESTED)
    written = {name: versions(home)[name] for name in (t.full_name for t in _INGESTED)}
    assert max(written.values()) == 1, "each table is written once"
