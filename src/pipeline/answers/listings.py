"""The lists that can be asked for: an answer, its heading, and what it means when there are no rows.

How a row is shown is decided elsewhere (`pipeline.answers.terminal.views`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from pipeline.answers.answer import Answer
from pipeline.answers.nights.given import as_of, last_cost_day
from pipeline.answers.reader import Reader, records
from pipeline.answers.selection import Record, Rows, Selection
from pipeline.answers.sla.pending import with_pending
from pipeline.answers.sla.promises import why_none_misses

_MONTH: Final = timedelta(days=30)
MAY_MISS: Final = 0.05
"""P(miss) from which on a night's report names a job; from `gold.LIKELY_TO_MISS` on it is likely to miss."""


def _nothing(_reader: Reader, _selection: Selection) -> str:
    return "none"


def _as_they_are(rows: list[Record]) -> list[Record]:
    return rows


def _changes(sizes: list[Record]) -> list[Record]:
    """The sizes that differ from what runs now."""
    return [size for size in sizes if size["action"] in ("downsize", "upsize")]


def _worth_an_alert(flags: list[Record]) -> list[Record]:
    """All flags of the jobs of which one is above the floors."""
    jobs = {flag["series_key"] for flag in flags if flag["is_alertable"]}
    return [flag for flag in flags if flag["series_key"] in jobs]


def _below_the_floors(flags: list[Record]) -> list[Record]:
    """The flags of the other jobs."""
    jobs = {flag["series_key"] for flag in flags if flag["is_alertable"]}
    return [flag for flag in flags if flag["series_key"] not in jobs]


def _possible(next_runs: list[Record]) -> list[Record]:
    """The next runs that may well miss their SLA."""
    return [run for run in next_runs if (run["p_miss"] or 0.0) >= MAY_MISS]


def _no_parameters(_reader: Reader) -> dict[str, str | None]:
    return {}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: `subject` and `name` are those of its text, `command` is how one asks for it."""

    command: str
    title: str
    subject: str
    name: str
    why_none: Callable[[Reader, Selection], str] = _nothing
    parameters: Callable[[Reader], dict[str, str | None]] = _no_parameters
    refine: Callable[[list[Record]], list[Record]] = _as_they_are
    """What becomes of the text's rows: which of them the list has, and what else it says of them."""
    part: str = ""
    """What --json calls it, where a text is shown in several lists."""

    @property
    def json_name(self) -> str:
        return self.part or self.name

    def rows(self, reader: Reader, selection: Selection) -> Rows:
        """The rows that `selection` asks for."""
        answer = Answer.of_file(self.subject, self.name)
        names, rows = reader.read(answer, **self.parameters(reader))
        return selection.of(names, self.refine(rows))


def _why_none_fails(reader: Reader, selection: Selection) -> str:
    """What it means that no job is failing: none is, or no outcome is known."""
    health = selection.jobs(records(reader, "jobs", "health"))
    is_known = any(job["last_run_id"] is not None for job in health)
    return "none" if is_known else "no run of 90 days has a known outcome"


def _why_no_size(reader: Reader, selection: Selection) -> str:
    """What it means that no other size is recommended."""
    sizes = selection.jobs(records(reader, "rightsizing", "sizes"))
    assessed = sum(size["status"] == "ok" for size in sizes)
    return f"none; {assessed} of {len(sizes)} jobs could be assessed"


def days_of_costs(reader: Reader) -> str:
    """Which days a list of costs is of."""
    last = last_cost_day(reader)
    return "30 days billed in full; there is none yet" if last is None else f"30 days to {last}"


def _costs_until(reader: Reader) -> dict[str, str | None]:
    day = last_cost_day(reader)
    return {"last_cost_day": None if day is None else day.isoformat()}


def _since_a_month(reader: Reader) -> dict[str, str | None]:
    now = as_of(reader)
    return {"since": None if now is None else (now - _MONTH).isoformat()}


JOBS: Final = Listing("show jobs", "Jobs", "jobs", "jobs")
FAILING: Final = Listing("show failing", "Jobs failing now", "jobs", "failing", _why_none_fails)
NEXT_RUNS: Final = Listing(
    "show sla",
    "Next runs, by the probability that they miss their SLA",
    "sla",
    "next_runs",
    why_none_misses,
)
POSSIBLE_MISSES: Final = Listing(
    "show sla",
    f"Jobs that may miss their SLA next time (P(miss) of {MAY_MISS:.0%} or more)",
    "sla",
    "next_runs",
    partial(why_none_misses, at_least=MAY_MISS),
    refine=_possible,
)
IN_FLIGHT: Final = Listing("show sla", "Runs in progress", "sla", "in_flight")
GROWING: Final = Listing("show sla", "Jobs growing towards their SLA", "sla", "growing")
COMPLIANCE: Final = Listing(
    "show sla", "How SLAs were kept, over all days kept", "sla", "compliance"
)
CHANGES: Final = Listing("show changes", "What is new in the last night", "nights", "changes")
SLAS: Final = Listing("sla list", "SLAs", "sla", "slas", refine=with_pending)
PROPOSALS: Final = Listing("sla propose", "Proposed SLAs", "sla", "proposals")
FLAGGED: Final = Listing(
    "show anomalies",
    "Jobs unlike themselves in the last night, the rarest first",
    "anomalies",
    "flagged",
    refine=_worth_an_alert,
)
BELOW_FLOOR: Final = Listing(
    "show anomalies",
    "The same below the floors of the settings: no alert",
    "anomalies",
    "flagged",
    refine=_below_the_floors,
    part="below_floor",
)
REGIMES: Final = Listing(
    "show anomalies",
    "Jobs of which another level has become usual, in 30 days",
    "anomalies",
    "regimes",
    parameters=_since_a_month,
)
RESIZES: Final = Listing(
    "show anomalies",
    "Clusters that were resized, in 30 days",
    "rightsizing",
    "resizes",
    parameters=_since_a_month,
)
SIZES: Final = Listing(
    "show rightsizing",
    "Recommended cluster sizes (savings are of the DBU part, with their 80 % interval)",
    "rightsizing",
    "sizes",
    _why_no_size,
    refine=_changes,
)
ALL_SIZES: Final = Listing(
    "show rightsizing --all", "Cluster sizes of every job", "rightsizing", "sizes"
)
TEAM_COSTS: Final = Listing(
    "show costs", "List cost by team", "costs", "teams", parameters=_costs_until
)
JOB_COSTS: Final = Listing(
    "show costs --by job",
    "List cost by job",
    "costs",
    "jobs",
    parameters=_costs_until,
)
