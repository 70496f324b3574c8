"""Chains of jobs: what comes after each, until when each must start, and what it waits for last."""

from optimizer.chains.graph import JobGraph
from optimizer.chains.latest import ExpectedRuns, LatestStarts, Waits, latest_starts
from optimizer.chains.paths import done_last, walked
from optimizer.chains.reach import reached

__all__ = [
    "ExpectedRuns",
    "JobGraph",
    "LatestStarts",
    "Waits",
    "done_last",
    "latest_starts",
    "reached",
    "walked",
]
