"""Which job comes after which, cycles included."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class JobGraph:
    """J jobs, numbered from nought, and E edges: job `after[e]` comes after job `before[e]`.

    Jobs that come after each other, directly or by others, are one group; between groups there is no
    cycle (the strongly connected components of R. Tarjan, SIAM J. Comput. 1, 1972). What is
    computed along the graph goes from group to group, so a cycle ends it and never keeps it busy.
    """

    jobs: int
    before: Ints
    after: Ints

    def __post_init__(self) -> None:
        if self.before.shape != self.after.shape or self.before.ndim != 1:
            raise ValueError("before and after must be two arrays of one number of edges")
        for ends in (self.before, self.after):
            if ends.size and not 0 <= ends.min() <= ends.max() < self.jobs:
                raise ValueError(f"an edge names a job that is none of the {self.jobs}")

    @cached_property
    def group(self) -> Ints:
        """The group of each job, (J,)."""
        if self.jobs == 0:
            return np.zeros(0, dtype=np.int64)
        edges = (np.ones(len(self.before), dtype=np.int8), (self.before, self.after))
        links = coo_array(edges, shape=(self.jobs, self.jobs)).tocsr()
        _, group = connected_components(links, directed=True, connection="strong")
        return np.asarray(group, dtype=np.int64)

    @property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    @cached_property
    def is_in_cycle(self) -> Bools:
        """Whether each job comes after itself, (J,)."""
        on_itself = np.zeros(self.jobs, dtype=np.bool_)
        on_itself[self.before[self.before == self.after]] = True
        together = np.bincount(self.group, minlength=self.groups) > 1
        return np.asarray(together[self.group] | on_itself)

    @cached_property
    def is_between(self) -> Bools:
        """Whether each edge leads from one group to another, (E,)."""
        return np.asarray(self.group[self.before] != self.group[self.after])

    @cached_property
    def level(self) -> Ints:
        """Of each group the most edges between groups from it to a last one, (G,)."""
        source, target = (self.group[ends[self.is_between]] for ends in (self.before, self.after))
        level = np.zeros(self.groups, dtype=np.int64)
        while True:
            longer = level.copy()
            np.maximum.at(longer, source, level[target] + 1)
            if np.array_equal(longer, level):
                return level
            level = longer
