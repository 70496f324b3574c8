"""What a damaged export may come to, into a home that holds rows already: the laws, checked.

Either one sentence that names the table, and that table stands as it did; or rows that are all
accounted for (kept, quarantined or received before), and every row that stood before still stands.
"""

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.sources.export import ExportFolder
from pipeline.tables import bronze, source
from pipeline.tables.declaration import Arrival, SourceTable
from tests.bronze.ingesting import Remembered, empty_bronze, held, ingest_all
from tests.sources.damage import damage
from tests.sources.small import ROWS, write_export

ERROR, QUARANTINE, ROWS_KEPT = "error", "quarantine", "rows"
_UNNOTICED_BY_LOOKING = ("no_table", "flipped_bytes", "other_type", "broken_csv", "delta")
"""Damages that show only when every value is read, or that leave nothing to look at."""
_BEFORE = 10 * ROWS
"""Where the rows that stand before begin: their keys are not those of any damaged export."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A bronze that holds rows of an earlier, sound export; each damaged export gets a copy."""

    spark: SparkSession
    home: Path
    tables: tuple[SourceTable, ...] = source.SOURCE_TABLES

    @classmethod
    def made(cls, spark: SparkSession, folder: Path) -> "Standing":
        export = write_export(folder / "export", first=_BEFORE)
        lakehouse = empty_bronze(DeltaFolder(folder / "home", spark))
        ingest_all(ExportFolder(export, spark), lakehouse, Remembered())
        return cls(spark, folder / "home")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one damage to one table; `rows` by what became of them."""

    damage: str
    table: SourceTable
    kind: str
    sentence: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)


def outcome_of(standing: Standing, whole: Path, place: Path, seed: int) -> Outcome:
    """Damage a copy of the export `whole` in `place`, ingest it, and hold what came to the laws."""
    folder, home = place / "export", place / "home"
    shutil.copytree(whole, folder)
    done, table = damage(folder, seed)
    kept = bronze.BRONZE_OF[table.name]
    for one in (*(bronze.BRONZE_OF[t.name] for t in (table, source.NODE_TYPES)), bronze.QUARANTINE):
        part = Path(one.layer.schema) / one.name
        shutil.copytree(standing.home / part, home / part, dirs_exist_ok=True)
    lakehouse = DeltaFolder(home, standing.spark)
    stood, version = held(lakehouse, kept), lakehouse.version(kept)
    tables = (table,) if table is source.NODE_TYPES else (table, source.NODE_TYPES)
    export, before = ExportFolder(folder, standing.spark), _state(folder)
    try:
        account = ingest_all(export, lakehouse, Remembered(), tables)[table.name]
    except UserError as error:
        sentence = str(error)
        assert "\n" not in sentence
        assert len(sentence) < 700, sentence
        assert table.place[1] in sentence, (done, sentence)
        looked = export.inspect(table)
        assert looked.problem or looked.columns_retyped or done in _UNNOTICED_BY_LOOKING
        assert lakehouse.version(kept) == version, "a table that could not be read was written"
        return Outcome(done, table, ERROR, sentence)
    finally:
        assert _state(folder) == before, "an export is never written to"
    stands = held(lakehouse, kept)
    assert len(stands) == len(stood) + account.kept_new - account.gone
    if table.arrival is Arrival.APPEND:
        gone = Counter(map(repr, stood)) - Counter(map(repr, stands))
        assert not gone, f"rows that stood before are gone: {list(gone)[:3]}"
    quarantined = (
        lakehouse.read(bronze.QUARANTINE).where(f"source_table = '{table.name}'").collect()
    )
    for is_kept, rows_told in ((False, account.rejected), (True, account.flaws.partial)):
        copies = [row["copies"] for row in quarantined if row["is_kept"] == is_kept]
        assert sum(copies) == rows_told, "each quarantined row is there to be looked at"
    # Everything once more, by a process that has forgotten how far it was: nothing new.
    version = lakehouse.version(kept)
    again = ingest_all(export, lakehouse, Remembered(), (table,))[table.name]
    assert (again.kept_new, again.kept_changed, again.gone) == (0, 0, 0)
    assert again.received == account.received
    assert lakehouse.version(kept) == version
    rows = {
        "received": account.received,
        "kept": account.kept_new + account.kept_changed,
        "quarantined": account.rejected,
        "duplicates": account.duplicates,
    }
    return Outcome(done, table, QUARANTINE if account.rejected else ROWS_KEPT, rows=rows)


def _state(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))
