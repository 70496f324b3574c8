"""Which run somebody means."""

from typing import Any

from pipeline.answers.reader import Reader, records
from pipeline.errors import UserError

__all__ = ["run_meant"]


def run_meant(reader: Reader, asked: str) -> dict[str, Any]:
    """The run by its id, or as workspace_id/run_id: workspace_id, run_id, series_key, started_at; UserError
    unless exactly one is meant."""
    workspace_id, _, run_id = asked.strip().rpartition("/")
    runs = [
        run
        for run in records(reader, "anomalies", "run_keys", run_id=run_id)
        if workspace_id in ("", run["workspace_id"])
    ]
    if not runs:
        raise UserError(
            f"no run has the id {asked!r}: rightrun show job KEY lists the runs of a job, and rightrun show"
            " anomalies those that a night flagged"
        )
    if len(runs) > 1:
        keys = ", ".join(f"{run['workspace_id']}/{run['run_id']}" for run in runs)
        raise UserError(f"{asked!r} names several runs: say which of {keys}")
    return runs[0]
