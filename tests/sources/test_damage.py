"""A damaged export ends in one sentence, or in rows that are all accounted for; never otherwise.

`DAMAGED_EXPORTS=500` damages that many instead of the usual few.
"""

import os
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder import DeltaFolder
from pipeline.sources.export import ExportFolder
from pipeline.tables import bronze, source
from tests.bronze.ingesting import Remembered, empty_bronze, ingest_all
from tests.sources.damage import damage
from tests.sources.small import write_export

SEEDS = int(os.environ.get("DAMAGED_EXPORTS", "52"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("whole") / "export")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_damaged_export(seed: int, whole: Path, tmp_path: Path, spark: SparkSession) -> None:
    folder = tmp_path / "export"
    shutil.copytree(whole, folder)
    done, table = damage(folder, seed)
    before = _state(folder)
    tables = (table,) if table is source.NODE_TYPES else (table, source.NODE_TYPES)
    lakehouse = empty_bronze(DeltaFolder(tmp_path / "home", spark), tables)
    export = ExportFolder(folder, spark)
    try:
        ingested = ingest_all(export, lakehouse, Remembered(), tables)
    except UserError as error:
        sentence = str(error)
        assert "\n" not in sentence
        assert len(sentence) < 700, sentence
        assert table.name in sentence, (done, sentence)
        presence = export.inspect(table)
        assert presence.problem or done in ("no_table", "flipped_bytes", "other_type", "delta")
        return
    finally:
        assert _state(folder) == before, "an export is never written to"
    account = ingested[table.name]
    held = bronze.BRONZE_OF[table.name]
    assert lakehouse.read(held).count() == account.kept_new
    # Everything once more, by a process that has forgotten how far it was: nothing new.
    version = lakehouse.version(held)
    again = ingest_all(export, lakehouse, Remembered(), (table,))[table.name]
    assert (again.kept_new, again.kept_changed, again.gone) == (0, 0, 0)
    assert again.received == account.received
    assert lakehouse.version(held) == version


def _state(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))
