"""Many jobs in one pandas UDF call, one row per job out, whatever happens inside.

One call a job costs more than the statistics themselves (measured: 20-31 s against 1 s for 5,000
jobs), so jobs are hashed into buckets that hold a bounded number of rows. When a bucket fails, its
jobs are tried one by one, and the one that fails becomes a row with status `error`: no job is ever
dropped. A result that does not hold exactly the jobs it was given is a bug, and stops the stage.
"""

from collections.abc import Callable

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.errors import cause, place

ROWS_A_BUCKET = 100_000
"""A worker has less than 500 MB with them, libraries included (`make bench-scale`); a serverless one
may have 1,024 MB."""
_LEAST_BUCKETS = 2

Score = Callable[[pd.DataFrame], pd.DataFrame]


def score_by_job(
    rows: DataFrame,
    score: Score,
    schema: str,
    *,
    counted: DataFrame | None = None,
    weight: int = 1,
) -> DataFrame:
    """Apply `score` to buckets of the jobs in `rows` (column job_id); one row a job comes back.

    `counted` has no fewer rows than `rows`, and costs less to count. A row takes the memory of `weight`
    usual ones.

    `score` takes a frame with all rows of some jobs, times in UTC, and returns one row for each job
    with the columns of `schema` (Spark DDL), job_id, status and reason among them.
    """
    row_count = (rows if counted is None else counted).count()
    buckets = max(_LEAST_BUCKETS, -(-row_count * weight // ROWS_A_BUCKET))
    hashed = rows.withColumn("bucket", F.pmod(F.xxhash64("job_id"), F.lit(buckets)))
    names = tuple(part.split()[0] for part in schema.split(", "))

    def apply(frame: pd.DataFrame) -> pd.DataFrame:
        return _one_row_a_job(frame.drop(columns="bucket"), score, names)

    return hashed.groupBy("bucket").applyInPandas(apply, schema)


class _NotOneRowAJob(ValueError):
    """A score that loses a job, repeats one or invents one."""


def _one_row_a_job(frame: pd.DataFrame, score: Score, names: tuple[str, ...]) -> pd.DataFrame:
    frame = _in_utc(frame)
    try:
        scored = _scored(frame, score)
    except Exception:  # Any failure of one job must not take its bucket with it.
        scored = pd.concat(
            [_or_error(rows, score) for _, rows in frame.groupby("job_id", sort=True)],
            ignore_index=True,
        )
    return without_nan(scored.reindex(columns=list(names)))


def _scored(frame: pd.DataFrame, score: Score) -> pd.DataFrame:
    # Numbered from nought, as columns are that a score makes of arrays.
    scored = score(frame.reset_index(drop=True))
    given, returned = sorted(frame["job_id"].unique()), sorted(scored["job_id"])
    if given != returned:
        raise _NotOneRowAJob(
            f"a score returned {len(returned)} rows for {len(given)} jobs: one row a job is the rule"
        )
    return scored


def _or_error(rows: pd.DataFrame, score: Score) -> pd.DataFrame:
    try:
        return _scored(rows, score)
    except _NotOneRowAJob:
        raise
    except Exception as error:  # The job that failed becomes a row that says so.
        reason = f"{cause(error)} at {place(error)}"
        job = rows["job_id"].iloc[0]
        return pd.DataFrame({"job_id": [job], "status": ["error"], "reason": [reason]})


def _in_utc(frame: pd.DataFrame) -> pd.DataFrame:
    """Engines hand times to a UDF without a zone, in the session's, which is UTC."""
    frame = frame.copy()
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC")
        elif pd.api.types.is_datetime64_dtype(frame[name]):
            frame[name] = frame[name].dt.tz_localize("UTC")
    return frame


def without_nan(frame: pd.DataFrame) -> pd.DataFrame:
    """Missing values as None, on every engine: NaN must not carry meaning across the boundary."""
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_localize(None)
            columns[name] = column
            continue
        values = column.astype(object)
        values[column.isna()] = None
        columns[name] = values
    return pd.DataFrame(columns)
