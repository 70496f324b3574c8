"""A currency that nothing is priced in is refused: costs of nought would be taken for an answer."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from tests.night.homes import Made, versions
from tests.parity.fixture import NOW


def test_a_currency_without_prices_is_refused_before_anything_is_computed(
    spark: SparkSession, undisturbed: Made, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(undisturbed.home, tmp_path / "home"))
    before = versions(home)
    export = ExportFolder(undisturbed.export, spark)
    with pytest.raises(UserError, match=r"currency_code is CHF.* prices in .*USD.* only"):
        run_night(spark, DeltaFolder(home, spark), export, Settings(currency_code="CHF"), now=NOW)
    assert versions(home) == before
