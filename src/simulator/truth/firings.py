"""truth/firings: which run and which job fired each run that a Run Job task has fired."""

from typing import Any

import numpy as np
import pyarrow as pa

from simulator.clock import Bools
from simulator.columns import identifiers, strings_at
from simulator.history import History
from simulator.identity import WORKSPACE_IDS


def firings(history: History, traced: Bools) -> Any:
    """One row per fired run that has left a trace by now."""
    runs, ids = history.runs, history.ids
    fired = np.flatnonzero(traced & (runs.fired_by >= 0))
    upstream = runs.fired_by[fired]
    return pa.table(
        {
            "workspace_id": strings_at(WORKSPACE_IDS, history.fleet.workspace[runs.job[fired]]),
            "run_id": identifiers(ids.run[fired]),
            "job_id": identifiers(ids.job[fired]),
            "source_task_run_id": identifiers(ids.task_run[history.source_task_run[fired]]),
            "upstream_run_id": identifiers(ids.run[upstream]),
            "upstream_job_id": identifiers(ids.job[upstream]),
        }
    )
