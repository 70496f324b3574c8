"""A home remembers what it is fed from, and mixes no other source into it."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.positions import Positions
from pipeline.sources.home_source import INPUT, READER, HomeSource, address_for_night, stored_source
from pipeline.tables import ops


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a home, the export it is fed from, and the demo's account."""
    for name in ("home", "export", "other", "home/simulated"):
        (tmp_path / "place" / name).mkdir(parents=True)
    return tmp_path / "place"


def _fed(place: Path) -> HomeSource:
    return HomeSource.of(f"export:{place / 'export'}", place / "home")


def test_what_a_home_is_fed_from_stands_in_its_own_tables(place: Path, spark: SparkSession) -> None:
    lakehouse = DeltaFolder(place / "home", spark)
    assert stored_source(lakehouse) is None
    lakehouse.create(ops.POSITIONS)
    assert stored_source(lakehouse) is None
    positions = Positions(spark, lakehouse)
    positions.set_all(READER, {INPUT: _fed(place).position})
    positions.flush()
    assert stored_source(lakehouse) == _fed(place)


def test_left_out_the_source_is_the_one_remembered_and_never_the_demo(place: Path) -> None:
    home = place / "home"
    assert address_for_night(None, _fed(place), home) == f"export:{place / 'export'}"
    assert address_for_night(None, HomeSource.of("databricks", home), home) == "databricks"
    assert address_for_night(None, None, home) == f"simulated:{home / 'simulated'}"
    with pytest.raises(UserError, match="is fed from nothing yet: name its source with --source"):
        address_for_night(None, None, place / "another")


@pytest.mark.parametrize("kind", ["export", "simulated"])
@pytest.mark.parametrize("folder", ["other", "home/simulated"])
def test_another_source_is_refused_and_both_are_named(place: Path, kind: str, folder: str) -> None:
    asked = f"{kind}:{place / folder}"
    with pytest.raises(UserError) as refused:
        address_for_night(asked, _fed(place), place / "home")
    for part in (f"is fed from export:{place / 'export'}", asked, "--source", "--home"):
        assert part in str(refused.value)


def test_the_system_tables_and_an_export_are_not_mixed(place: Path) -> None:
    home = place / "home"
    for asked, fed in (
        ("databricks", _fed(place)),
        (f"export:{place / 'export'}", HomeSource.of("databricks", home)),
    ):
        with pytest.raises(UserError, match="would be mixed"):
            address_for_night(asked, fed, home)
    # Not even when the folder is gone: only a folder can have moved.
    shutil.rmtree(place / "export")
    with pytest.raises(UserError, match="would be mixed"):
        address_for_night("databricks", _fed(place), home)


def test_one_place_is_one_source_however_it_is_spelled(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    for asked in ("export:export", "export:./other/../export/", "simulated:export"):
        assert address_for_night(asked, _fed(place), Path("home")) == asked


def test_a_home_and_its_export_move_together_or_either_alone(place: Path) -> None:
    fed = _fed(place)
    moved = place.rename(place.with_name("moved"))
    # Together: found beside the home, named or not.
    beside = f"export:{moved / 'export'}"
    assert address_for_night(None, fed, moved / "home") == beside
    assert address_for_night(beside, fed, moved / "home") == beside
    # The export alone: named anew, since nothing is where it was.
    anew = f"export:{(moved / 'export').rename(moved / 'renamed')}"
    assert address_for_night(anew, fed, moved / "home") == anew
    with pytest.raises(UserError, match="not there: put it back, or name its new place"):
        address_for_night(None, fed, moved / "home")
    # The home alone.
    fed = HomeSource.of(anew, moved / "home")
    alone = (moved / "home").rename(moved.parent / "alone")
    assert address_for_night(None, fed, alone) == anew
    with pytest.raises(UserError, match="would be mixed"):
        address_for_night(f"export:{moved / 'other'}", fed, alone)


def test_a_link_to_each_days_export_is_one_source(place: Path) -> None:
    link = place / "current"
    link.symlink_to(place / "export")
    fed = HomeSource.of(f"export:{link}", place / "home")
    link.unlink()
    link.symlink_to(place / "other")
    assert address_for_night(f"export:{link}", fed, place / "home") == f"export:{link}"


def test_a_copy_of_a_home_that_holds_its_export_is_fed_from_its_own(place: Path) -> None:
    fed = HomeSource.of(f"simulated:{place / 'home' / 'simulated'}", place / "home")
    copied = place / "copied"
    shutil.copytree(place / "home", copied)
    assert address_for_night(None, fed, copied) == f"simulated:{copied / 'simulated'}"
    # Copied without it, the original's is the one that is left.
    shutil.rmtree(copied / "simulated")
    assert address_for_night(None, fed, copied) == f"simulated:{place / 'home' / 'simulated'}"
