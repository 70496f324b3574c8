"""truth/schema_changes: how the tables that jobs write have changed by now, and when."""

from typing import Any

import numpy as np
import pyarrow as pa

from simulator.columns import strings_at, timestamps
from simulator.delivery.arrivals import Arrivals
from simulator.delivery.table_columns import changes_of, written_tables
from simulator.history import History
from simulator.runs.lineage import table_names


def schema_changes(history: History, arrivals: Arrivals) -> Any:
    """One row per change since the account's first day."""
    changes = [
        (table, change)
        for table, of_table in changes_of(history, written_tables(history, arrivals))
        for change in of_table
        if change.at_us >= history.start_us
    ]
    names = table_names(history.fleet.size, history.quirks)
    tables = np.array([table for table, _ in changes], dtype=np.int64)
    return pa.table(
        {
            "table_name": strings_at(names, tables),
            "column_name": pa.array([change.column for _, change in changes], pa.string()),
            "change": pa.array([change.kind for _, change in changes], pa.string()),
            "changed_at": timestamps(
                np.array([change.at_us for _, change in changes], dtype=np.int64)
            ),
        }
    )
