"""The chain that a job is in: what comes before and after it, its deadline, and what a failure would reach."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from pipeline.answers.answer import Answer
from pipeline.answers.chains.schemas import Schemas, schemas
from pipeline.answers.reader import Reader, Record, records
from pipeline.answers.values import shown, text
from pipeline.errors import UserError
from pipeline.sla.durations import duration
from pipeline.tables import gold, source

__all__ = ["Chain", "Link", "chain"]

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Link:
    """A job before or after the one asked about: how far away, and the dependencies that lead to it.

    `is_repeated`: it stands further up already, with what is beyond it.
    """

    depth: int
    series_key: str
    name: str
    dependencies: tuple[Record, ...]
    is_critical: bool
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """One job's place (its row of gold.job_chains), and the jobs around it, the nearest first."""

    job: Record
    place: Record
    names: Mapping[str, str]
    before: tuple[Link, ...]
    after: tuple[Link, ...]
    has_lineage: bool
    schemas: Schemas

    def sentences(self) -> Iterator[str]:
        """What a person asks first."""
        place = self.place
        yield (
            f"{self.called(self.job['series_key'])}: {_jobs(place['upstream_jobs'])} before it,"
            f" {_jobs(place['downstream_jobs'])} after it."
        )
        yield self._reach()
        yield self._deadline()
        if place["cycle"]:
            yield f"It is in a cycle: {_listed(place['cycle'])} come before and after each other."
        if len(place["critical_path"] or ()) > 1:
            yield f"Critical path: {' -> '.join(map(self.called, place['critical_path']))}."
        if not self.has_lineage:
            yield (
                f"No table lineage was exported ({source.TABLE_LINEAGE.system_name}): which jobs feed others"
                " by tables is not known, and only Run Job tasks are."
            )
        yield from self.schemas.sentences()

    def called(self, series_key: str) -> str:
        """A job by its name and key."""
        name = text(self.names.get(series_key))
        return f"{name} ({text(series_key)})" if name else text(series_key)

    def _reach(self) -> str:
        place = self.place
        if not place["downstream_jobs"]:
            return "A failure here would reach no other job that is known."
        jobs, slas, owners = (
            place[name] for name in ("downstream_jobs", "downstream_slas", "downstream_owners")
        )
        promised = f"{slas or 'none'} of them with an SLA"
        if jobs == 1:
            promised = "which has an SLA" if slas else "which has no SLA"
        whose = f"; whose {'it is' if jobs == 1 else 'they are'} is not known"
        if owners:
            whose = f", of {owners} {'owner' if owners == 1 else 'owners'} that {'is' if owners == 1 else 'are'} known"
        return f"A failure here would reach {_jobs(jobs)}, {promised}{whose}."

    def _deadline(self) -> str:
        place = self.place
        if place["latest_start_at"] is None:
            return f"By when it must be done is not known: {text(place['reason'])}."
        other = place["deadline_series_key"]
        whose = "its" if other == place["series_key"] else f"{self.called(other)} keeps its"
        kept = f"so that {whose} deadline of {shown('at', place['deadline_at'])} UTC"
        kept += " is kept" if whose == "its" else ""
        slack = place["slack_seconds"]
        than = f"{duration(abs(slack))} {'after' if slack >= 0 else 'before'}"
        late = "" if slack >= 0 else ": as things usually go, that deadline is missed"
        done = place["latest_end_at"]
        by = f" and be done by {shown('at', done)} UTC" if done is not None else ""
        return (
            f"It must start by {shown('at', place['latest_start_at'])} UTC{by} {kept}; that is {than}"
            f" its expected start at {shown('at', place['expected_start_at'])} UTC{late}."
        )

    def for_scripts(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "chain": self.place,
            "has_table_lineage": self.has_lineage,
            "before": [_record(link) for link in self.before],
            "after": [_record(link) for link in self.after],
            "tables": list(self.schemas.tables),
            "schema_changes": list(self.schemas.changes),
        }


def chain(reader: Reader, series_key: str) -> Chain:
    """The chain of one job, by the last night."""
    (job,) = reader.read(Answer.of_job(gold.JOBS), series_key=series_key).records
    places = reader.read(Answer.of_job(gold.JOB_CHAINS), series_key=series_key).records
    if not places:
        raise UserError(
            f"the last night did not come as far as the chain of {series_key}: run rightrun nightly first"
        )
    edges = records(reader, "chains", "dependencies")
    names = {edge["series_key"]: edge["name"] for edge in edges}
    names |= {edge["upstream_series_key"]: edge["upstream_name"] for edge in edges}
    names[series_key] = job["name"]
    path = places[0]["critical_path"] or []
    critical = set(pairwise(path))
    ends = ("upstream_series_key", "series_key")
    before, after = (
        tuple(_links(series_key, edges, names, critical, near, far))
        for far, near in (ends, ends[::-1])
    )
    sources = {row["source_table"] for row in records(reader, "nights", "sources")}
    has_lineage = source.TABLE_LINEAGE.system_name in sources
    around = schemas(reader, series_key)
    return Chain(job, places[0], names, before, after, has_lineage, around)


def _links(
    series_key: str,
    edges: Sequence[Record],
    names: Mapping[str, str],
    critical: set[tuple[str, str]],
    near: str,
    far: str,
) -> Iterator[Link]:
    """The jobs beyond one, depth first: those at the column `far` of the edges that have it at `near`.

    Each job's own are listed once, so that a cycle ends.
    """
    around: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for edge in edges:
        around[edge[near]][edge[far]].append(edge)
    listed = {series_key}

    def beyond(key: str, depth: int) -> list[Link]:
        """The jobs next to one, the last first; those on the critical path lead."""
        links = []
        for other, bound in around[key].items():
            pair = (bound[0]["upstream_series_key"], bound[0]["series_key"])
            one = Link(depth, other, names[other], tuple(bound), pair in critical, False)
            links.append(one)
        return sorted(links, key=lambda link: (not link.is_critical, link.series_key), reverse=True)

    # Not by recursion: a chain may be longer than Python's stack is deep.
    todo = beyond(series_key, 1)
    while todo:
        link = todo.pop()
        is_repeated = link.series_key in listed
        yield replace(link, is_repeated=is_repeated)
        if not is_repeated:
            listed.add(link.series_key)
            todo += beyond(link.series_key, link.depth + 1)


def _jobs(count: int) -> str:
    return f"{count or 'no'} {'job' if count == 1 else 'jobs'}"


def _listed(keys: Sequence[str]) -> str:
    others = len(keys) - _MOST_NAMED
    named = ", ".join(map(text, keys[:_MOST_NAMED]))
    return f"{named} and {others} others" if others > 0 else named


def _record(link: Link) -> Record:
    return {
        "depth": link.depth,
        "series_key": link.series_key,
        "name": link.name,
        "is_critical": link.is_critical,
        "is_repeated": link.is_repeated,
        "dependencies": list(link.dependencies),
    }
