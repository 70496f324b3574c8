"""Reading a log of runs from a Parquet file, or a folder of them, into a frame of runs."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from optimizer.panel import OUTCOMES
from pipeline.errors import UserError, cause

COLUMNS = ("job_id", "run_id", "start_time", "duration_seconds", "status")
_UNKNOWN = "UNKNOWN"
_HINT = "export it again by the query in docs/evaluate.md"


def read_runs(path: Path) -> pd.DataFrame:
    """The columns of a frame of runs; UserError in one sentence for a log that cannot be evaluated."""
    if not path.exists():
        raise UserError(f"{path} does not exist: name a Parquet file of runs, or a folder of them")
    try:
        dataset = ds.dataset(path, format="parquet")
        if missing := [name for name in COLUMNS if name not in dataset.schema.names]:
            raise UserError(f"{path} lacks the column(s) {', '.join(missing)}: {_HINT}")
        if dataset.count_rows() == 0:
            raise UserError(f"{path} holds no runs: {_HINT}")
        _refuse_types(path, dataset.schema)
        runs: pd.DataFrame = dataset.to_table(columns=list(COLUMNS)).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{path} is not readable as Parquet ({cause(error)}): {_HINT}") from error
    runs["duration_seconds"] = pd.to_numeric(runs["duration_seconds"]).astype("float64")
    for name in ("job_id", "run_id", "status"):
        runs[name] = runs[name].astype(object)
    if runs["job_id"].isna().any():
        count = int(runs["job_id"].isna().sum())
        raise UserError(f"{path} has {count:,} runs without a job_id: give them one, or drop them")
    if not runs["status"].isin(list(OUTCOMES)).any():
        raise UserError(
            f"none of the {runs['status'].nunique():,} different values of status in {path} is one of"
            f" {', '.join(OUTCOMES)}: {_HINT}"
        )
    # A log with outcomes has one for each run: UNKNOWN there is a word that nobody knows.
    if runs["status"].isin([one for one in OUTCOMES if one != _UNKNOWN]).any():
        runs.loc[runs["status"] == _UNKNOWN, "status"] = None
    return runs


def _refuse_types(path: Path, schema: pa.Schema) -> None:
    """UserError for the first column of another type than a frame of runs has."""
    for name in COLUMNS:
        kind = schema.field(name).type
        value_kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        text = pa.types.is_string(value_kind) or pa.types.is_large_string(value_kind)
        if name in ("job_id", "run_id", "status") and not text:
            raise UserError(f"{name} in {path} is {kind}: cast it to a string, and write it again")
        if name == "start_time" and not pa.types.is_timestamp(kind):
            raise UserError(f"{name} in {path} is {kind}: cast it to a timestamp in UTC")
        if name == "start_time" and kind.tz is None:
            raise UserError(
                f"{name} in {path} has no time zone: cast it to TIMESTAMP (in pandas"
                " tz_localize('UTC')), since a time of day means nothing without one"
            )
        number = (
            pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        )
        if name == "duration_seconds" and not number:
            raise UserError(f"{name} in {path} is {kind}: it must be a number of seconds")
