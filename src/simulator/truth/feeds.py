"""truth/feeds: which job feeds which by a table, as far as lineage has told it by now."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.columnar import take_rows
from simulator.columns import identifiers, integers, strings_at
from simulator.delivery.arrivals import Arrivals
from simulator.history import History
from simulator.identity import WORKSPACE_IDS
from simulator.runs.lineage import table_names


def feeds(history: History, arrivals: Arrivals) -> Any:
    """One row per pair of jobs, with the table and how many runs have read it after it was first written."""
    has_landed = arrivals.uses.before(history.deliveries, history.uses.size)
    uses = take_rows(history.uses, has_landed & (history.uses.run >= 0))
    of_job = history.runs.job[uses.run]
    fed, runs = [], []
    for job in np.flatnonzero(history.upstream >= 0).tolist():
        written_us = uses.at_us[(uses.written_of == history.upstream[job])]
        is_read = (of_job == job) & (uses.read_of == history.upstream[job])
        first_us = written_us.min(initial=np.iinfo(np.int64).max)
        # A run that read before anything was written, and again after, has read nothing at first.
        began_us = np.full(history.runs.size, np.iinfo(np.int64).max)
        np.minimum.at(began_us, uses.run[is_read], uses.at_us[is_read])
        count = int(((began_us >= first_us) & (began_us < np.iinfo(np.int64).max)).sum())
        if count:
            fed.append(job)
            runs.append(count)
    job = np.array(fed, dtype=np.int64)
    upstream = history.upstream[job]
    names = table_names(history.fleet.size, history.quirks)

    def series(of: Any) -> Any:
        workspace = strings_at(WORKSPACE_IDS, history.fleet.workspace[of])
        return pc.binary_join_element_wise(
            workspace, identifiers(history.fleet.job_number[of]), "/"
        )

    return pa.table(
        {
            "series_key": series(job),
            "upstream_series_key": series(upstream),
            "table_name": strings_at(names, upstream),
            "runs": integers(np.array(runs, dtype=np.int64)),
        }
    )
