"""A log that can be read is read whole; one that cannot is one sentence."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.runlog import COLUMNS, read_runs
from tests.evaluation.logs import log, written


def test_a_file_and_a_folder_of_files_are_the_same_log(tmp_path: Path) -> None:
    frame = log().assign(another="column")
    whole = read_runs(written(tmp_path, frame))
    folder = tmp_path / "folder"
    folder.mkdir()
    written(folder, frame.iloc[:100], "part-0.parquet")
    written(folder, frame.iloc[100:], "part-1.parquet")
    (folder / "_SUCCESS").touch()
    pd.testing.assert_frame_equal(whole, read_runs(folder))
    assert list(whole.columns) == list(COLUMNS)
    assert len(whole) == len(frame)


def test_types_that_mean_the_same_are_taken(tmp_path: Path) -> None:
    frame = log()
    plain = read_runs(written(tmp_path, frame))
    frame["job_id"] = frame["job_id"].astype("category")
    frame["start_time"] = frame["start_time"].dt.tz_convert("America/New_York").dt.as_unit("ns")
    other = read_runs(written(tmp_path, frame, "other.parquet"))
    assert evaluate(plain, peers=False) == evaluate(other, peers=False)


def test_unknown_teaches_in_a_log_without_outcomes_only(tmp_path: Path) -> None:
    frame = log().assign(status="UNKNOWN")
    assert set(read_runs(written(tmp_path, frame))["status"]) == {"UNKNOWN"}
    frame.loc[0, "status"] = "FAILED"
    assert set(read_runs(written(tmp_path, frame))["status"]) == {"FAILED", None}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: f.drop(columns=["status", "run_id"]), "lacks the column(s) run_id, status"),
        (lambda f: f.assign(job_id=range(len(f))), "job_id in"),
        (lambda f: f.assign(run_id=1.5), "cast it to a string"),
        (lambda f: f.assign(start_time=f["start_time"].dt.tz_localize(None)), "has no time zone"),
        (lambda f: f.assign(start_time=f["start_time"].astype(str)), "cast it to a timestamp"),
        (lambda f: f.assign(duration_seconds="12"), "must be a number of seconds"),
        (lambda f: f.assign(status="TERMINATED"), "none of the 1 different values of status"),
        (lambda f: f.assign(job_id=None).astype({"job_id": "string"}), "without a job_id"),
        (lambda f: f.iloc[:0], "holds no runs"),
    ],
)
def test_a_malformed_log_is_one_sentence(tmp_path: Path, damage, said: str) -> None:
    file = written(tmp_path, damage(log()))
    with pytest.raises(UserError) as refused:
        read_runs(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_parquet_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("job_id,run_id\n")
    (tmp_path / "empty").mkdir()
    for name, sentence in (
        ("text.parquet", "not readable as Parquet"),
        ("empty", "lacks the column"),
        ("nowhere", "does not exist"),
    ):
        with pytest.raises(UserError, match=sentence) as refused:
            read_runs(tmp_path / name)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("damage", [
    lambda f: f.groupby("job_id").head(2),
    lambda f: f.assign(status="FAILED"),
    lambda f: f.assign(duration_seconds=float("nan")),
    lambda f: f.assign(start_time=f["start_time"].where(f["job_id"].isna())),
])  # fmt: skip
def test_a_log_with_nothing_to_forecast_says_so(damage) -> None:
    with pytest.raises(UserError, match="can be forecast"):
        evaluate(damage(log()).reset_index(drop=True), peers=False)
