"""The statuses of a result: one row per job, always, with a status that says what the row is worth.

A job without an answer is a row that says why, never a missing row: silence in a table of
thousands of jobs looks like good news. The two rules are data (`Status`, `ANSWERED`) and a check
(`require_one_row_per_job`) that every function returning one row per job ends with.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ANSWERED", "STATUS_BY_CODE", "Status", "require_one_row_per_job", "status_array"]


class Status(StrEnum):
    """What a row is worth. Values are written to tables as they stand here."""

    OK = "ok"
    """The numbers rest on the job's own runs."""

    TOO_FEW_RUNS = "too_few_runs"
    """The job has been seen, but not often enough; numbers are null."""

    DEGENERATE = "degenerate"
    """The job's history has no spread; numbers are given and rest on the declared floor."""

    NOT_ASSESSED = "not_assessed"
    """The question does not apply or an input for it is missing; `reason` says which."""

    ERROR = "error"
    """The calculation failed for this job; others are not affected."""


ANSWERED: Final[frozenset[Status]] = frozenset({Status.OK, Status.DEGENERATE})
"""The statuses under which numbers are present."""

# Kernels write a small integer; this is what it means. The order is part of the kernels' contract.
STATUS_BY_CODE: Final[NDArray[np.object_]] = np.array(
    [
        Status.OK.value,
        Status.TOO_FEW_RUNS.value,
        Status.DEGENERATE.value,
        Status.NOT_ASSESSED.value,
        Status.ERROR.value,
    ],
    dtype=object,
)


def status_array(codes: NDArray[np.int8]) -> NDArray[np.object_]:
    """Status words of an array of codes, same shape."""
    words: NDArray[np.object_] = STATUS_BY_CODE[codes]
    return words


def require_one_row_per_job(frame: pd.DataFrame, job_ids: Sequence[str]) -> pd.DataFrame:
    """Return `frame` if its `job_id` column is exactly `job_ids` in that order.

    Raises RuntimeError otherwise: a job lost here is a defect of this package, not of the data.
    """
    if list(frame["job_id"]) != list(job_ids):
        raise RuntimeError(
            f"{len(job_ids)} jobs were given and {len(frame)} rows came out: "
            "a job must be answered by exactly one row"
        )
    return frame
