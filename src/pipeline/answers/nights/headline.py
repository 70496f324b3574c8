"""What a person wants to know first of a night: how it stands, what is new, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from shlex import quote
from typing import Any, Final

from pipeline.answers.nights.given import as_of, last_cost_day
from pipeline.answers.phrases import terms
from pipeline.answers.reader import Reader, records
from pipeline.answers.values import money, share, shown, text
from pipeline.tables.gold import LIKELY_TO_MISS
from pipeline.tables.source import SOURCE_TABLES, USAGE

__all__ = ["Headline", "headline"]

Record = dict[str, Any]
Command = Callable[[str], str]
"""A command that can be copied, from its words."""

_ALWAYS_FED: Final = {
    table.system_name
    for table in SOURCE_TABLES
    if table.name.endswith("_timeline") or table is USAGE
}
"""Sources that gain rows whenever anything runs: of another, an old newest row says nothing."""
_LATE_HOURS: Final = 36
_MOST_NAMES: Final = 5
_COUNTED: Final = {
    ("failing", "failing"): ("began to fail", "begun to fail"),
    ("failing", "ok"): ("recovered", "recovered"),
    ("likely_to_miss", "likely"): ("now likely to miss", "now likely to miss"),
    ("likely_to_miss", "unlikely"): ("no longer likely to miss", "no longer likely to miss"),
    ("unlike_itself", "unlike"): ("flagged as unlike itself", "flagged as unlike themselves"),
    ("size", "downsize"): ("to run on a smaller cluster", "to run on a smaller cluster"),
    ("size", "upsize"): ("to run on a larger cluster", "to run on a larger cluster"),
}


@dataclass(frozen=True, slots=True)
class Headline:
    """A paragraph each; all but the first are empty where nothing has been computed yet."""

    as_of: str
    state: str = ""
    changes: str = ""
    first: str = ""
    """The one thing to look at first."""
    command: str = ""
    """The command that shows it."""


def headline(reader: Reader, command: Command) -> Headline:
    """What the last night says: as of when, how the jobs are, what has changed, what to do first."""
    now = as_of(reader)
    if now is None:
        nothing = "Nothing has been computed yet that an answer could be read from."
        return Headline(nothing, command=command("nightly"))
    jobs = records(reader, "jobs", "jobs")
    failing = records(reader, "jobs", "failing")
    next_runs = records(reader, "sla", "next_runs")
    misses = [run for run in next_runs if (run["p_miss"] or 0.0) >= LIKELY_TO_MISS]
    sizes = records(reader, "rightsizing", "sizes")
    smaller = [size for size in sizes if size["action"] == "downsize"]
    is_first_night = len(records(reader, "nights", "nights")) <= 1
    first, words = _first(jobs, failing, misses, smaller)
    return Headline(
        as_of=_as_of(now, last_cost_day(reader), records(reader, "nights", "sources")),
        state=_state(jobs, failing, misses, smaller),
        changes=_changes(records(reader, "nights", "changes"), is_first=is_first_night),
        first=f"First: {first}",
        command=command(words),
    )


def _as_of(now: datetime, cost_day: date | None, sources: list[Record]) -> str:
    """The time that the night speaks of, and which source is behind."""
    night = f"As of {shown('at', now)} UTC"
    costs = f"costs to {cost_day}" if cost_day else "no day billed in full yet"
    behind = [
        row
        for row in sources
        if row["source_table"] in _ALWAYS_FED and row["behind_hours"] is not None
    ]
    if not behind:
        return f"{night}; {costs}."
    stalest = max(behind, key=lambda row: row["behind_hours"])
    hours = stalest["behind_hours"]
    late = [row for row in behind if row["behind_hours"] > _LATE_HOURS and row is not stalest]
    verb = "source is" if len(late) == 1 else "sources are"
    more = f"; {len(late)} more {verb} over {_LATE_HOURS} h behind" if late else ""
    return (
        f"{night}; {costs}. Stalest source: {text(stalest['source_table'])},"
        f" {hours:,.0f} h behind when it was read{more}."
    )


def _state(
    jobs: list[Record], failing: list[Record], misses: list[Record], sizes: list[Record]
) -> str:
    """How many jobs there are, and of how many something is to be said."""
    active = sum(job["state"] == "active" for job in jobs)
    parts = [
        f"{len(failing):,} failing now",
        f"{len(misses):,} more likely than not to miss the SLA with their next run",
        f"{len(sizes):,} to run on a smaller cluster{_savings(sizes)}",
    ]
    return f"{len(jobs):,} jobs, {active:,} of them active: {'; '.join(parts)}."


def _savings(sizes: list[Record]) -> str:
    """What the recommended sizes save a month, by currency: the middles, which can be added up."""
    by_currency: dict[str, float] = {}
    for row in sizes:
        code = text(row["currency_code"])
        by_currency[code] = by_currency.get(code, 0.0) + (row["saving_mid"] or 0.0)
    total = " and ".join(f"{money(amount)} {code}" for code, amount in sorted(by_currency.items()))
    return f" (about {total} a month)" if total else ""


def _changes(changes: list[Record], *, is_first: bool) -> str:
    """What has changed since the night before."""
    if is_first:
        return "This is the first night: from the next one on, this line says what has changed."
    groups: list[str] = []
    for (question, verdict), (one, several) in _COUNTED.items():
        names = [
            text(row["name"]) or text(row["series_key"])
            for row in changes
            if (row["question"], row["verdict"]) == (question, verdict)
        ]
        if names:
            listed = ", ".join(names[:_MOST_NAMES])
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            groups.append(f"{len(names)} {one if len(names) == 1 else several} ({listed}{more})")
    counted = sum((row["question"], row["verdict"]) in _COUNTED for row in changes)
    if others := len(changes) - counted:
        groups.append(
            f"{others} other {'change' if others == 1 else 'changes'} (rightrun show changes)"
        )
    if not groups:
        return "Since the night before: nothing that is said of a job has changed."
    return f"Since the night before: {'; '.join(groups)}."


def _first(
    jobs: list[Record],
    failing: list[Record],
    misses: list[Record],
    sizes: list[Record],
) -> tuple[str, str]:
    """The one thing to look at, the most urgent kind before the others, and the command that shows it."""
    if failing:
        job = failing[0]
        code = text(job["last_termination_code"]) or text(job["last_failure_class"])
        times = job["consecutive_failures"]
        return (
            f"{_name(job)} has failed {'once' if times == 1 else f'{times} times in a row'} since"
            f" {shown('at', job['failing_since'])} UTC{f' ({code})' if code else ''}."
        ), _show(job)
    if misses:
        job = misses[0]
        return (
            f"{_name(job)} misses its SLA ({terms(job)}) with a probability of {share(job['p_miss'])}"
            f" at {shown('at', job['next_start_at'])} UTC."
        ), _show(job)
    if jobs and not any(job["sla_kind"] for job in jobs):
        return "no job has an SLA, so none can be said to miss it.", "sla propose"
    if sizes:
        job = sizes[0]
        return (
            f"{_name(job)} would do with {job['recommended_workers']} workers instead of {job['workers']},"
            f" which saves about {money(job['saving_mid'])} {text(job['currency_code'])} a month."
        ), _show(job)
    return "nothing is urgent; see how each job is.", "show jobs"


def _name(job: Record) -> str:
    tier = f" (tier {job['tier']})" if job["tier"] is not None else ""
    return f"{text(job['name']) or text(job['series_key'])}{tier}"


def _show(job: Record) -> str:
    return f"show job {quote(text(job['series_key']))}"
