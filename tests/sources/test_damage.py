"""A damaged export ends in one sentence, or in rows that are all accounted for; never otherwise.

The laws are in `tests.sources.damaged`; `make soak` holds hundreds of damages to them.
"""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.sources.damaged import ERROR, QUARANTINE, ROWS_KEPT, Standing, outcome_of
from tests.sources.small import write_export

_SEEDS = 50
"""More than there are kinds of damage, so that each is done; the soak does ten times as many."""
_KINDS = (ERROR, QUARANTINE, ROWS_KEPT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("whole") / "export")


@pytest.fixture(scope="module")
def standing(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    return Standing.made(spark, tmp_path_factory.mktemp("standing"))


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_a_damaged_export(seed: int, standing: Standing, whole: Path, tmp_path: Path) -> None:
    assert outcome_of(standing, whole, tmp_path, seed).kind in _KINDS
