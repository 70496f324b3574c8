"""What happened in the account, and will happen: the records from which every table is written.

All of it is decided up to a horizon, before any table is written and whenever the account is looked
at: tables show the part that has arrived, and the truth the part that can be known.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import DAY_US, HOUR_US, Bools, Ints
from simulator.compute.clusters import Clusters
from simulator.compute.hardware import Hardware
from simulator.compute.pipelines import Pipelines, Updates
from simulator.compute.statements import Statements
from simulator.fleet.fleet import Fleet
from simulator.fleet.schedules import Schedules
from simulator.fleet.task_graphs import Graphs
from simulator.fleet.versions import Versions
from simulator.runs.causes import Causes
from simulator.runs.events import Events
from simulator.runs.lineage import Uses
from simulator.runs.outcomes import Attempts
from simulator.runs.outlook import Outlook
from simulator.runs.runs import RunIds, Runs
from simulator.runs.task_runs import TaskRuns


@dataclass(frozen=True, slots=True)
class History:
    """One account up to `horizon_us`, looked at at `now_us`."""

    seed: int
    quirks: frozenset[str]
    start_us: int
    now_us: int
    horizon_us: int
    workspaces: int
    fleet: Fleet
    schedules: Schedules | None
    hardware: Hardware
    graphs: Graphs
    versions: Versions
    runs: Runs
    version: Ints
    """The version in force at the start of each run; meaningless without a definition."""
    attempts: Attempts
    tasks: TaskRuns
    task_retry_of: Ints
    source_task_run: Ints
    """The task run that fired each run; -1 for all that no Run Job task fired."""
    pipelines: Pipelines
    updates: Updates
    ids: RunIds
    clusters: Clusters
    events: Events
    causes: Causes
    read_bytes: Ints
    """What each run would read, were it to run through; 0 where nobody knows."""
    slow_task: Ints
    """The task that takes all that a run takes longer; -1 for most runs."""
    statements: Statements
    upstream: Ints
    """The job whose output each job needs; -1 for most."""
    uses: Uses
    outlook: Outlook

    @property
    def deliveries(self) -> int:
        """Days whose rows have been delivered by now."""
        return (self.now_us - self.start_us) // DAY_US

    @property
    def last_hour_us(self) -> int:
        return self.horizon_us // HOUR_US * HOUR_US

    @property
    def attempt_job(self) -> Ints:
        return self.runs.job[self.attempts.run]

    @property
    def task_run_run(self) -> Ints:
        """The run of each task run."""
        return self.attempts.run[self.tasks.attempt]

    @property
    def edited_tasks(self) -> Ints:
        """The task of each edit of one, by job."""
        edited = self.causes.edited_task
        return edited[edited >= 0]

    @property
    def task_edits_us(self) -> Ints:
        """When each of them is edited."""
        return self.causes.shift_us[self.causes.edited_task >= 0]

    @property
    def task_starts_pipeline(self) -> Bools:
        return np.isin(self.tasks.task, self.pipelines.task)

    @property
    def update_run(self) -> Ints:
        """The run whose task started each update; -1 where none did."""
        by_job = self.updates.task_run >= 0
        out = np.full(self.updates.size, -1, dtype=np.int64)
        out[by_job] = self.task_run_run[self.updates.task_run[by_job]]
        return out
