"""Task graphs: the tasks of a job, in stages, and the task runs of an attempt.

Work runs from 0 to 1 through stages, each of one task or several in parallel; a task depends on
all tasks of the stage before. The longest task of a stage spans it, its siblings end earlier. A
failure hits the longest task of the stage where progress stopped: siblings succeed, later tasks
are SKIPPED with a row of no length. A repair reruns the failed task and everything after it.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import Bools, Floats, Ints
from simulator.config import generator
from simulator.fleet.fleet import Fleet, Kind

_VERBS = (
    "ingest",
    "clean",
    "join",
    "enrich",
    "aggregate",
    "publish",
    "score",
    "validate",
    "export",
)


@dataclass(frozen=True, slots=True)
class Graphs:
    """Tasks of all jobs, flat and sorted by job; job j has tasks first[j] up to first[j + 1]."""

    first: Ints
    job: Ints
    stage: Ints
    begin: Floats
    end: Floats
    spans: Bools
    """Whether the task is the longest of its stage."""
    fires: Ints
    """The job that it fires, as a Run Job task; -1 for all others."""
    keys: tuple[str, ...]
    depends_on: tuple[tuple[str, ...], ...]


def simulated_graphs(seed: int, fleet: Fleet) -> Graphs:
    """One task for legacy jobs and half of the others, two to six for the rest."""
    rng = generator(seed, "graphs")
    many = ~fleet.single_task & (fleet.kind != Kind.NOTEBOOK) & (fleet.kind != Kind.CONTINUOUS)
    tasks = np.where(many & (rng.random(fleet.size) < 0.5), rng.integers(2, 7, fleet.size), 1)
    return graphs_of(rng, tasks)


def graphs_of(rng: np.random.Generator, tasks: Ints) -> Graphs:
    """A random layout in stages for each job with the given number of tasks."""
    rows: list[tuple[int, int, float, float, bool, str, tuple[str, ...]]] = []
    for job, count in enumerate(tasks.tolist()):
        if count == 1:
            rows.append((job, 0, 0.0, 1.0, True, "main", ()))
            continue
        stage = np.concatenate([[0], np.cumsum(rng.random(count - 1) < 0.6)])
        bounds = np.concatenate([[0.0], np.cumsum(rng.dirichlet(np.full(stage[-1] + 1, 3.0)))])
        bounds[-1] = 1.0
        spans = np.concatenate([[True], stage[1:] != stage[:-1]])
        lengths = np.where(spans, 1.0, rng.uniform(0.2, 0.95, count))
        begins = bounds[stage]
        ends = begins + lengths * (bounds[stage + 1] - begins)
        ends[spans] = bounds[stage + 1][spans]
        keys = [f"{_VERBS[rng.integers(len(_VERBS))]}_{index}" for index in range(count)]
        for index in range(count):
            upstream = tuple(
                keys[other] for other in range(count) if stage[other] == stage[index] - 1
            )
            rows.append(
                (
                    job,
                    int(stage[index]),
                    float(begins[index]),
                    float(ends[index]),
                    bool(spans[index]),
                    keys[index],
                    upstream,
                )
            )
    return Graphs(
        first=np.concatenate([[0], np.cumsum(tasks)]).astype(np.int64),
        job=np.array([row[0] for row in rows], dtype=np.int64),
        stage=np.array([row[1] for row in rows], dtype=np.int64),
        begin=np.array([row[2] for row in rows], dtype=np.float64),
        end=np.array([row[3] for row in rows], dtype=np.float64),
        spans=np.array([row[4] for row in rows], dtype=bool),
        fires=np.full(len(rows), -1, dtype=np.int64),
        keys=tuple(row[5] for row in rows),
        depends_on=tuple(row[6] for row in rows),
    )


def expanded(graphs: Graphs, job: Ints) -> tuple[Ints, Ints]:
    """For each entry of `job` each of its tasks: (index of the entry, index of the task)."""
    counts = np.diff(graphs.first)[job]
    entry = np.repeat(np.arange(len(job)), counts)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(counts) - counts, counts)
    return entry, graphs.first[job][entry] + within


def stage_start(graphs: Graphs, job: Ints, progress: Floats) -> Floats:
    """The beginning of the stage in which progress stopped."""
    entry, task = expanded(graphs, job)
    begin = np.where(graphs.begin[task] < progress[entry], graphs.begin[task], 0.0)
    out = np.zeros(len(job))
    np.maximum.at(out, entry, begin)
    return out
