"""What happened in the account: the frames from which every table is written.

All of it is decided before any table is: tables only show it, and the truth tells it.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.sources.simulator.clock import HOUR_US, Ints
from pipeline.sources.simulator.clusters import Clusters
from pipeline.sources.simulator.fleet import Fleet
from pipeline.sources.simulator.hardware import Hardware
from pipeline.sources.simulator.outcomes import Attempts
from pipeline.sources.simulator.pipelines import Pipelines, Updates
from pipeline.sources.simulator.runs import RunIds, Runs
from pipeline.sources.simulator.starts import Schedules
from pipeline.sources.simulator.task_runs import TaskRuns
from pipeline.sources.simulator.tasks import Graphs
from pipeline.sources.simulator.versions import Versions


@dataclass(frozen=True, slots=True)
class History:
    """One account over one window, as known at `now_us`."""

    seed: int
    start_us: int
    now_us: int
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
    pipelines: Pipelines
    updates: Updates
    ids: RunIds
    clusters: Clusters

    @property
    def closed_us(self) -> int:
        """The end of the last full hour: slices of runs in flight reach no further."""
        return self.now_us // HOUR_US * HOUR_US

    @property
    def attempt_job(self) -> Ints:
        return self.runs.job[self.attempts.run]

    @property
    def update_run(self) -> Ints:
        """The run whose task started each update; -1 where none did."""
        by_job = self.updates.task_run >= 0
        out = np.full(self.updates.size, -1, dtype=np.int64)
        task_run = self.updates.task_run[by_job]
        out[by_job] = self.attempts.run[self.tasks.attempt[task_run]]
        return out
