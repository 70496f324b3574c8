"""What comes after each job, at any distance."""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.chains.graph import Ints, JobGraph

_AT_ONCE: Final = 8_192
"""Labels whose bits are held together: a kilobyte a group."""
_ONES: Final = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(
    axis=1, dtype=np.int64
)


def reached(graph: JobGraph, label: Ints) -> Ints:
    """How many different labels the jobs have that come after each job, (J,).

    `label` (J,) numbers what is counted from nought, -1 for jobs that do not count: jobs, owners. A
    job in a cycle comes after itself. Sets of labels are bits that are passed from group to group,
    the last groups first.
    """
    edges = np.flatnonzero(graph.is_between)
    pairs = np.stack([graph.group[graph.before[edges]], graph.group[graph.after[edges]]])
    source, target = np.unique(pairs, axis=1)
    order = np.lexsort((source, graph.level[source]))
    source, target = source[order], target[order]
    of_level = np.searchsorted(graph.level[source], np.arange(graph.level.max(initial=0) + 2))
    found = np.zeros(graph.groups, dtype=np.int64)
    for first in range(0, int(label.max(initial=-1)) + 1, _AT_ONCE):
        own = _bits(graph, label - first)
        after = np.zeros_like(own)
        circles = np.unique(graph.group[graph.is_in_cycle])
        after[circles] = own[circles]
        for low, high in pairwise(of_level):
            if low == high:
                continue
            begins = np.flatnonzero(np.diff(source[low:high], prepend=-1))
            beyond = after[target[low:high]] | own[target[low:high]]
            after[source[low:high][begins]] |= np.bitwise_or.reduceat(beyond, begins, axis=0)
        found += _ONES[after].sum(axis=1)
    return found[graph.group]


def _bits(graph: JobGraph, label: Ints) -> NDArray[np.uint8]:
    """The labels from 0 to _AT_ONCE of each group's own jobs, a bit each."""
    bits = np.zeros((graph.groups, _AT_ONCE // 8), dtype=np.uint8)
    job = np.flatnonzero((label >= 0) & (label < _AT_ONCE))
    place = (graph.group[job], label[job] // 8)
    np.bitwise_or.at(bits, place, np.left_shift(1, label[job] % 8).astype(np.uint8))
    return bits
