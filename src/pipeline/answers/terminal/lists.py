"""The lists that can be asked for: an answer, its heading, what is shown of a row, and what no rows mean."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from pipeline.answers.answer import Answer
from pipeline.answers.nights.given import as_of, last_cost_day, night_before
from pipeline.answers.reader import Reader, records
from pipeline.answers.records import records_of
from pipeline.answers.selection import Record, Rows, Selection
from pipeline.answers.sla.acceptance import is_readable
from pipeline.answers.sla.promises import why_none_misses
from pipeline.answers.terminal import views
from pipeline.answers.terminal.views import View

_MONTH: Final = timedelta(days=30)
LIKELY: Final = 0.05
"""P(miss) from which on a night's report names a job."""


def _nothing(_reader: Reader, _selection: Selection) -> str:
    return "none"


def _any(_record: Record) -> bool:
    return True


def _is_change(size: Record) -> bool:
    """Whether a recommended size differs from what runs now."""
    return size["action"] in ("downsize", "upsize")


def _is_likely(next_run: Record) -> bool:
    """Whether a next run may well miss its SLA."""
    return next_run["p_miss"] is not None and next_run["p_miss"] >= LIKELY


def _holds(sla: Record) -> bool:
    """Whether an SLA is none that the next night will leave aside."""
    return not sla["from_next_night"] or is_readable(sla["decided_terms"])


def _no_parameters(_reader: Reader) -> dict[str, str | None]:
    return {}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: `subject` and `name` are those of its text, `command` is how one asks for it."""

    command: str
    title: str
    subject: str
    name: str
    view: View
    why_none: Callable[[Reader, Selection], str] = _nothing
    parameters: Callable[[Reader], dict[str, str | None]] = _no_parameters
    only: Callable[[Record], bool] = _any

    def rows(self, reader: Reader, selection: Selection) -> Rows:
        """The rows that `selection` asks for."""
        answer = Answer.of_file(self.subject, self.name)
        rows = reader.read(answer, **self.parameters(reader))
        return selection.of(rows.column_names, filter(self.only, records_of(rows)))


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


def _costs_until(reader: Reader) -> dict[str, str | None]:
    day = last_cost_day(reader)
    return {"last_cost_day": None if day is None else day.isoformat()}


def _since_the_night_before(reader: Reader) -> dict[str, str | None]:
    since = night_before(reader)
    return {"since": None if since is None else since.isoformat()}


def _since_a_month(reader: Reader) -> dict[str, str | None]:
    now = as_of(reader)
    return {"since": None if now is None else (now - _MONTH).isoformat()}


JOBS: Final = Listing("show jobs", "Jobs", "jobs", "jobs", views.jobs)
FAILING: Final = Listing(
    "show failing", "Jobs failing now", "jobs", "failing", views.failing, _why_none_fails
)
NEXT_RUNS: Final = Listing(
    "show sla",
    "Next runs, by the probability that they miss their SLA",
    "sla",
    "next_runs",
    views.next_runs,
    why_none_misses,
)
LIKELY_MISSES: Final = Listing(
    "show sla",
    "Jobs likely to miss their SLA next time",
    "sla",
    "next_runs",
    views.next_runs,
    partial(why_none_misses, at_least=LIKELY),
    only=_is_likely,
)
IN_FLIGHT: Final = Listing("show sla", "Runs in progress", "sla", "in_flight", views.in_flight)
GROWING: Final = Listing(
    "show sla", "Jobs growing towards their SLA", "sla", "growing", views.growing
)
COMPLIANCE: Final = Listing(
    "show sla", "How SLAs were kept, over all days kept", "sla", "compliance", views.compliance
)
CHANGES: Final = Listing(
    "show changes", "What the last night says anew", "nights", "changes", views.changes
)
SLAS: Final = Listing("sla list", "SLAs", "sla", "slas", views.slas, only=_holds)
PROPOSALS: Final = Listing("sla propose", "Proposed SLAs", "sla", "proposals", views.proposals)
RUN_BASELINES: Final = Listing(
    "show baselines",
    "Runs since the night before, the strangest first",
    "baselines",
    "runs",
    views.run_baselines,
    parameters=_since_the_night_before,
)
SHIFTS: Final = Listing(
    "show baselines",
    "Jobs of which another duration has become usual, in a week",
    "baselines",
    "shifts",
    views.shifts,
)
RESIZES: Final = Listing(
    "show baselines",
    "Clusters that were resized, in 30 days",
    "rightsizing",
    "resizes",
    views.resizes,
    parameters=_since_a_month,
)
SIZES: Final = Listing(
    "show rightsizing",
    "Recommended cluster sizes (savings are of the DBU part, with their 80 % interval)",
    "rightsizing",
    "sizes",
    views.sizes,
    _why_no_size,
    only=_is_change,
)
ALL_SIZES: Final = Listing(
    "show rightsizing --all", "Cluster sizes of every job", "rightsizing", "sizes", views.sizes
)
TEAM_COSTS: Final = Listing(
    "show costs", "List cost by team", "costs", "teams", views.team_costs, parameters=_costs_until
)
JOB_COSTS: Final = Listing(
    "show costs --by job",
    "List cost by job",
    "costs",
    "jobs",
    views.job_costs,
    parameters=_costs_until,
)
