"""One undisturbed night over the whole fixture, which other ways to the same end are held against."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.night.homes import night
from tests.parity import fixture


@dataclass(frozen=True)
class Made:
    """A home and the export it was made from."""

    home: Path
    export: Path


@pytest.fixture(scope="session")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("undisturbed")
    made = Made(place / "home", fixture.write_export(fixture.account(), place / "export"))
    done = night(spark, made.home, made.export)
    assert all(report.mode in ("full", "incremental") for report in done.reports)
    return made
