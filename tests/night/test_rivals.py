"""Two nights started at once on one home: one works, the other says who does, or waits for it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.tables import bronze
from tests.e2e.account import Ran, rightrun_alone
from tests.night.homes import Made, assert_same_home, versions

_INGESTED = (*bronze.BRONZE_OF.values(), bronze.QUARANTINE)


def _at_once(made: Made, home: Path, *more: str) -> list[Ran]:
    asked = ["nightly", "--only", "bronze", "--source", f"export:{made.export}", "--home", home]
    with ThreadPoolExecutor() as threads:
        racing = [threads.submit(rightrun_alone, *asked, *more, cwd=home.parent) for _ in range(2)]
        return sorted((one.result() for one in racing), key=lambda ran: ran.code)


def test_one_of_two_says_who_holds_the_home(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    done, told = _at_once(undisturbed, tmp_path / "home")
    assert (done.code, told.code) == (0, 2), done.err + told.err
    # The winner's number is in the lock a moment after the lock is his.
    assert re.search(
        r"is being written by (process \d+|another process)", " ".join(told.err.split())
    )
    assert_same_home(spark, tmp_path / "home", undisturbed.home, _INGESTED)


def test_one_of_two_waits_and_finds_nothing_new(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert [ran.code for ran in _at_once(undisturbed, home, "--wait")] == [0, 0]
    assert_same_home(spark, home, undisturbed.home, _INGESTED)
    written = {name: versions(home)[name] for name in (t.full_name for t in _INGESTED)}
    assert max(written.values()) == 1, "each table is written once"
