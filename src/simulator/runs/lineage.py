"""What lineage tells of tables: which run wrote or read which, and when.

A job that another one needs writes a table of its own at the end of its work; a job that needs another's
reads that table soon after its set-up, and again as it writes its own where it has one. Some events are of no job, and
some of no table but a path.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator.clock import SECOND_US, Ints
from simulator.columnar import concatenated, take_rows
from simulator.columns import (
    coded,
    constant,
    identifiers,
    struct_of,
    table_of,
    timestamps,
)
from simulator.fleet.fleet import Fleet
from simulator.identity import WORKSPACE_IDS
from simulator.runs.outcomes import Attempts, Status

_READS_AFTER_US = 20 * SECOND_US
_OF_NO_JOB = 40
"""One event in so many is of somebody's notebook."""
_OF_A_PATH = 30
_HOSTILE = 3
"""One table in so many has a name that tries to break out of strings."""
_WORDS = ("orders", "invoices", "sessions", "stock", "customers", "clicks", "ledger", "claims")


@dataclass(frozen=True, slots=True)
class Uses:
    """Events of lineage: the run, -1 of no job, and the job whose table was read or written, -1 for none."""

    workspace: Ints
    run: Ints
    at_us: Ints
    read_of: Ints
    written_of: Ints

    @property
    def size(self) -> int:
        return len(self.run)


def simulated_uses(fleet: Fleet, upstream: Ints, job: Ints, attempts: Attempts) -> Uses:
    """The events of all attempts, given the job whose output each job needs (-1 for most) and the job of each attempt."""
    writes_own = np.zeros(fleet.size, dtype=bool)
    writes_own[upstream[upstream >= 0]] = True
    begin_us = attempts.start_us + attempts.setup_us + _READS_AFTER_US
    reads = np.flatnonzero((upstream[job] >= 0) & (attempts.worked_until_us > begin_us))
    writes = np.flatnonzero(writes_own[job] & (attempts.status == Status.SUCCEEDED))

    def uses(of: Ints, at_us: Ints, read_of: Ints, written_of: Ints) -> Uses:
        return Uses(fleet.workspace[job[of]], attempts.run[of], at_us, read_of, written_of)

    of_reads = uses(reads, begin_us[reads], upstream[job[reads]], np.full(len(reads), -1))
    of_writes = uses(writes, attempts.worked_until_us[writes], upstream[job[writes]], job[writes])
    by_hand = take_rows(of_reads, np.arange(0, of_reads.size, _OF_NO_JOB))
    nobody = Uses(
        by_hand.workspace,
        np.full(by_hand.size, -1),
        by_hand.at_us + SECOND_US,
        by_hand.read_of,
        by_hand.written_of,
    )
    from_path = take_rows(of_reads, np.arange(0, of_reads.size, _OF_A_PATH))
    paths = Uses(
        from_path.workspace,
        from_path.run,
        from_path.at_us + 2 * SECOND_US,
        np.full(from_path.size, -1),
        from_path.written_of,
    )
    return concatenated([of_reads, of_writes, nobody, paths])


def table_names(jobs: int, quirks: frozenset[str]) -> tuple[str, ...]:
    """The table that each job would write."""
    names = []
    for job in range(jobs):
        name = f"{_WORDS[job % len(_WORDS)]}_{job}"
        if "hostile_names" in quirks and job % _HOSTILE == 0:
            name = f"<b>{name}</b> \"x\" 'y' `z` 😀 \\ --"
        names.append(f"main.curated.{name}")
    return tuple(names)


def table_lineage(
    uses: Uses, rows: Ints, names: tuple[str, ...], job_ids: Ints, run_ids: Ints
) -> Any:
    """system.access.table_lineage of some events; the ids are those of each run."""
    these = take_rows(uses, rows)
    count, of_job = these.size, these.run >= 0
    kind = arrow_type(source.TABLE_LINEAGE.column("entity_metadata").type)
    run_id = identifiers(np.append(run_ids, 0)[these.run], of_job)
    job_info = struct_of(
        kind.field("job_info").type,
        count,
        {"job_id": identifiers(np.append(job_ids, 0)[these.run], of_job), "job_run_id": run_id},
        of_job,
    )
    reads, writes = these.read_of >= 0, these.written_of >= 0
    # What names no table names a path.
    source_type = np.select([reads, ~writes], [0, 1], -1)
    return table_of(
        source.TABLE_LINEAGE,
        count,
        {
            "workspace_id": coded(WORKSPACE_IDS, these.workspace),
            "event_time": timestamps(these.at_us),
            "entity_type": coded(("NOTEBOOK", "JOB"), of_job.astype(np.int64)),
            "entity_run_id": run_id,
            "entity_metadata": struct_of(kind, count, {"job_info": job_info}),
            "source_table_full_name": coded(names, these.read_of),
            "source_type": coded(("TABLE", "PATH"), source_type),
            "target_table_full_name": coded(names, these.written_of),
            "target_type": coded(("TABLE",), writes.astype(np.int64) - 1),
            "created_by": constant("somebody@example.com", count),
        },
    )
