"""What an export's position remembers: the files that are there, and no more."""

import json
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.sources.export import ExportFolder
from pipeline.tables import bronze, source
from tests.bronze.ingesting import Remembered, empty_bronze, held, ingest_all
from tests.sources.small import arrow_rows

_TABLE = source.JOB_RUN_TIMELINE


def test_a_file_that_goes_is_forgotten_and_one_that_comes_back_is_known(
    spark: SparkSession, lakehouse: DeltaFolder, tmp_path: Path
) -> None:
    home = empty_bronze(lakehouse, (_TABLE,))
    folder = tmp_path / "export" / _TABLE.name
    folder.mkdir(parents=True)
    positions = Remembered()
    sizes = []
    for day in range(4):
        # An export into an emptied folder, a file a day.
        for old in folder.iterdir():
            old.rename(tmp_path / old.name)
        pq.write_table(arrow_rows(_TABLE, 3 * day, 3), folder / f"day{day}.parquet")
        export = ExportFolder(tmp_path / "export", spark)
        done = ingest_all(export, home, positions, (_TABLE,))[_TABLE.name]
        assert (done.received, done.kept_new) == (3, 3)
        remembered = json.loads(positions[_TABLE.name])
        assert list(remembered) == [f"{_TABLE.name}/day{day}.parquet"]
        sizes.append(len(positions[_TABLE.name]))
    assert max(sizes) - min(sizes) < 5
    (tmp_path / "day0.parquet").rename(folder / "day0.parquet")
    export = ExportFolder(tmp_path / "export", spark)
    done = ingest_all(export, home, positions, (_TABLE,))[_TABLE.name]
    assert (done.received, done.duplicates) == (3, 3)
    assert len(held(home, bronze.JOB_RUN_TIMELINE)) == 12
