"""Which jobs each comparison of an evaluation is made on, drawn once from a log by a seed."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.evaluation.simple import training
from optimizer.panel import RunPanel

EVERY_JOB: Final = "every job"
TRAINED: Final = "trained"
REFITTED: Final = "refitted"
REFITTED_RUNS_A_JOB: Final = 1000
REFITTED_FEWEST_RUNS: Final = 30


class Sample:
    """The jobs of a log in the order in which they are drawn."""

    def __init__(self, runs: pd.DataFrame, panel: RunPanel, seed: int) -> None:
        self.seed = seed
        self._runs = runs
        self._panel = panel
        self._drawn = np.random.default_rng(seed).permutation(panel.job_ids.size)

    def until(self, runs: int) -> pd.DataFrame:
        """The runs of as many jobs as have so many runs."""
        total = np.cumsum(np.diff(self._panel.offsets)[self._drawn])
        return self._of(self._drawn[: int(np.searchsorted(total, runs)) + 1])

    def with_history(self, jobs: int) -> pd.DataFrame:
        """The last 1,000 runs of each of at most so many jobs that have 30 or more to learn from."""
        panel = self._panel
        job = np.repeat(np.arange(panel.job_ids.size), np.diff(panel.offsets))
        learned = np.bincount(job[training(panel)], minlength=panel.job_ids.size)
        drawn = self._drawn[learned[self._drawn] >= REFITTED_FEWEST_RUNS][:jobs]
        runs = self._of(drawn)
        latest = RunPanel.from_frame(runs).latest(REFITTED_RUNS_A_JOB)
        return runs.iloc[np.sort(latest.row)]

    def words(self, runs: pd.DataFrame) -> str:
        """Of which jobs a part of the log is."""
        jobs = runs["job_id"].nunique()
        is_whole = jobs == self._panel.job_ids.size
        return "every job" if is_whole else f"{jobs:,} jobs drawn by seed {self.seed}"

    def words_of_history(self, runs: pd.DataFrame) -> str:
        """Of which runs the part is that `with_history` gives."""
        return (
            f"the last {REFITTED_RUNS_A_JOB:,} runs of {runs['job_id'].nunique()} jobs drawn by seed"
            f" {self.seed} from those with {REFITTED_FEWEST_RUNS} or more"
        )

    def _of(self, jobs: NDArray[np.int64]) -> pd.DataFrame:
        if jobs.size == self._panel.job_ids.size:
            return self._runs
        return self._runs[self._runs["job_id"].isin(list(self._panel.job_ids[jobs]))]
