"""Ways along a chain: what each job waits for last, and so on to the beginning."""

import numpy as np
from numpy.typing import NDArray

from optimizer.chains.graph import Ints, JobGraph


def done_last(graph: JobGraph, wait_seconds: NDArray[np.float64]) -> Ints:
    """Of each job the one before it that is usually ready last, (J,); -1 where none comes before.

    That is the one after which it waits least. `wait_seconds` (E,), NaN where it is not known. Jobs of one
    cycle are not before each other.
    """
    before = np.full(graph.jobs, -1, dtype=np.int64)
    edges = np.flatnonzero(graph.is_between)
    waits = np.nan_to_num(wait_seconds[edges], nan=np.inf)
    order = edges[np.lexsort((graph.before[edges], waits, graph.after[edges]))]
    least = order[np.diff(graph.after[order], prepend=-1) > 0]
    before[graph.after[least]] = graph.before[least]
    return before


def walked(following: Ints, most: int) -> Ints:
    """From each place the places that it leads to, (J, at most `most`), -1 beyond the end."""
    steps: list[Ints] = []
    place = following
    while len(steps) < most and (place >= 0).any():
        steps.append(place)
        place = np.where(place >= 0, following[place], -1)
    return np.stack(steps, axis=1) if steps else np.zeros((len(following), 0), dtype=np.int64)
