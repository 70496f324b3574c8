"""What a table loses is no success: the night says so first, exits 1, or stops; check says the same."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from pipeline.answers.delta_reader import DeltaReader
from pipeline.answers.quality.sections import sections
from pipeline.answers.terminal.night import night_lines
from pipeline.cli.app import app
from pipeline.errors import UserError
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.nightly.outcome import Night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from pipeline.tables import bronze, source
from tests.bronze.ingesting import NOW
from tests.sources.small import ROWS, arrow_rows

_RUNS = source.JOB_RUN_TIMELINE


def _export(folder: Path, *, rounded: int, costs_are_told: bool = True) -> Path:
    """Runs of which the first `rounded` have lost their id, usage and prices."""
    folder.mkdir()
    runs = arrow_rows(_RUNS)
    is_rounded = pa.array([number < rounded for number in range(ROWS)])
    ids = pc.if_else(is_rounded, "1.0E+15", runs["run_id"])
    runs = runs.set_column(runs.column_names.index("run_id"), "run_id", ids)
    pq.write_table(runs, folder / "job_run_timeline.parquet")
    for table, essential in ((source.USAGE, "usage_metadata"), (source.LIST_PRICES, "pricing")):
        rows = arrow_rows(table)
        if not costs_are_told:
            rows = rows.drop_columns([essential])
        pq.write_table(rows, folder / f"{table.name}.parquet")
    return folder


def _night(spark: SparkSession, home: Path, export: Path) -> Night:
    lakehouse, source_ = DeltaFolder(home, spark), ExportFolder(export, spark)
    return run_night(spark, lakehouse, source_, Settings(), now=NOW, only="bronze")


_LOSS = "Lost: 1 of 12 rows of system.lakeflow.job_run_timeline (8.3%)"


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("rounded", "code", "end"),
    [
        (0, 0, "A night over this source would run."),
        (1, 1, f"{_LOSS} could not be kept"),
        (ROWS, 2, "A night over this source would stop (exit code 2)."),
    ],
)
def test_check_ends_as_the_night_would(rounded: int, code: int, end: str, tmp_path: Path) -> None:
    export = _export(tmp_path / "export", rounded=rounded, costs_are_told=False)
    result = CliRunner().invoke(
        app, ["check", "--source", f"export:{export}", "--home", str(tmp_path)]
    )
    words = " ".join(result.stdout.split())
    assert result.exit_code == code, result.output
    assert end in words
    assert "usage has no column usage_metadata" in words
    assert "no cost can be told to a job" in words
    assert (
        "list_prices has no column pricing, which switches off money: no cost can be told" in words
    )
    assert "clusters is not there, which switches off cluster sizes" in words
    assert "1.0E+15" not in result.output


def test_a_night_that_lost_rows_says_what_its_answers_go_without(
    spark: SparkSession, tmp_path: Path
) -> None:
    export = _export(tmp_path / "export", rounded=1, costs_are_told=False)
    done = _night(spark, tmp_path / "home", export)
    reader = DeltaReader(tmp_path / "home")
    steps = [report.record() for report in done.reports]
    lines = [line.plain for line in night_lines(reader, steps, str, None, [f"{_LOSS}."])]
    assert lines[0].startswith(_LOSS)
    assert any("no cost can be told to a job." in line for line in lines)
    # Last, after all that it says, what each stage did.
    assert lines[-1].split()[0] == "bronze"
    (quarantined,) = sections(reader)["rows_quarantined"]
    assert (quarantined["is_kept"], quarantined["rows"]) == (False, 1)


@pytest.mark.usefixtures("spark")
def test_the_night_exits_1_with_json_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.tracking.nights.track_night", lambda *_: None)
    export = _export(tmp_path / "export", rounded=1, costs_are_told=False)
    (export / "read me.txt").touch()
    options = ["--source", f"export:{export}", "--home", str(tmp_path / "home"), "--only", "bronze"]
    result = CliRunner().invoke(app, ["nightly", *options, "--json"])
    assert result.exit_code == 1, result.output
    assert [row["rejected"] for row in json.loads(result.stdout)].count(1) == 1
    # A script's log says why, as the page does.
    words = " ".join(result.stderr.split())
    assert words.startswith(_LOSS)
    assert "no cost can be told to a job." in words
    assert "read me.txt" in words


@pytest.mark.usefixtures("spark")
def test_a_night_says_first_what_it_has_lost_and_exits_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.tracking.nights.track_night", lambda *_: None)
    export = _export(tmp_path / "export", rounded=1, costs_are_told=False)
    options = ["--source", f"export:{export}", "--home", str(tmp_path / "home"), "--only", "bronze"]
    result = CliRunner().invoke(app, ["nightly", *options])
    assert result.exit_code == 1, result.output
    assert " ".join(result.stdout.split()).startswith(_LOSS)


def test_a_required_table_without_a_row_stops_each_night(
    spark: SparkSession, tmp_path: Path
) -> None:
    export = _export(tmp_path / "export", rounded=ROWS)
    for _ in range(2):
        with pytest.raises(UserError) as stopped:
            _night(spark, tmp_path / "home", export)
        assert str(stopped.value).startswith(
            "12 of 12 rows of system.lakeflow.job_run_timeline (100.0%) could not be kept:"
            " column run_id: the id was rounded by a spreadsheet"
        )
    lakehouse = DeltaFolder(tmp_path / "home", spark)
    assert lakehouse.read(bronze.QUARANTINE).where("NOT is_kept").count() == ROWS
    pq.write_table(arrow_rows(_RUNS), export / "job_run_timeline.parquet")
    (runs,) = (one for one in _night(spark, tmp_path / "home", export).flaws if one.table is _RUNS)
    assert (runs.received, runs.rejected) == (ROWS, 0)
