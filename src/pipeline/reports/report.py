"""A report in words: its sentences, its figures and its evidence, whichever way it is rendered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pipeline.answers.phrases import amount, terms
from pipeline.answers.reader import Record
from pipeline.answers.values import money, share, shown, text
from pipeline.reports import sentences
from pipeline.reports.facts import Costs, Day, Facts
from pipeline.reports.sentences import cause_words, day_words, job_name, short
from pipeline.sla.durations import duration

__all__ = ["Cell", "Figure", "Report", "Section", "report_of"]

_MOST_ROWS: Final = 5
_LINKS: Final = "https://"
_PARTS: Final = {
    "queue": "waiting in the queue",
    "setup": "setting up clusters",
    "retries": "retries",
    "upstream": "the runs that fired them",
    "input": "more input",
    "cluster": "another cluster",
    "task": "a task that took longer",
    "unexplained": "not explained",
}
_METRICS: Final = {
    "duration_seconds": "duration",
    "queue_seconds": "queue time",
    "setup_seconds": "set-up time",
    "list_cost": "list cost of a run",
    "dbu": "DBU of a run",
    "hourly_list_cost": "list cost an hour",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row: `url` is where it leads, `note` stands small beside it, `bar` is its part of the largest."""

    text: str
    url: str = ""
    note: str = ""
    bar: float | None = None
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Evidence: rows by heading, all of the same headings; `more` is how many rows are left out."""

    title: str
    lead: str
    rows: tuple[dict[str, Cell], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure to read first, and what it was before."""

    label: str
    value: str
    before: str


@dataclass(frozen=True, slots=True)
class Report:
    """What is sent: `notes` say what is not known."""

    title: str
    whom: str
    as_of: str
    sentences: tuple[str, str, str]
    receipts: tuple[str, ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = field(default=())


def report_of(facts: Facts) -> Report:
    """The facts in words."""
    costs_to = (
        "no day billed in full"
        if facts.last_cost_day is None
        else f"costs to {day_words(facts.last_cost_day)}"
    )
    return Report(
        title=f"{facts.period.rhythm.span.capitalize()} of {facts.period.title}"
        if facts.period.rhythm.span == "week"
        else facts.period.title,
        whom="The whole account" if facts.team is None else f"Team {short(text(facts.team))}",
        as_of=f"As of {shown('at', facts.as_of)} UTC; {costs_to}.",
        sentences=(sentences.changed(facts), sentences.cost(facts), sentences.to_do(facts)),
        receipts=tuple(sentences.receipts(facts)),
        figures=tuple(_figures(facts)),
        sections=tuple(section for section in _sections(facts) if section.rows),
        notes=tuple(_notes(facts)),
    )


def _figures(facts: Facts) -> Iterable[Figure]:
    """Only what is known."""
    now, before, span = facts.outcomes, facts.outcomes_before, facts.period.rhythm.span

    def was(value: str | None) -> str:
        return (
            f"nothing known of the {span} before" if value is None else f"{value} the {span} before"
        )

    def part(value: float | None) -> str | None:
        return None if value is None else share(value)

    if now.success_rate is not None:
        earlier_rate = None if before is None else before.success_rate
        yield Figure("of runs succeeded", share(now.success_rate), was(part(earlier_rate)))
    if now.compliance is not None:
        earlier_compliance = None if before is None else before.compliance
        yield Figure("of SLAs kept", share(now.compliance), was(part(earlier_compliance)))
    if facts.costs is not None:
        earlier = facts.costs_before
        days = facts.costs.days
        whole = "" if days == facts.period.days else f", {days} of {facts.period.days} days"
        yield Figure(
            f"{text(facts.currency_code)} at list prices{whole}".strip(),
            money(float(facts.costs.list_cost)),
            was(None if earlier is None else money(float(earlier.list_cost))),
        )
        if facts.team is None and facts.costs.list_cost:
            yield Figure(
                "of the cost has a team",
                share(_attributed(facts.costs)),
                was(
                    share(_attributed(earlier))
                    if earlier is not None and earlier.list_cost
                    else None
                ),
            )


def _attributed(costs: Costs) -> float:
    return 1.0 - float(costs.unattributed / costs.list_cost)


def _sections(facts: Facts) -> Iterable[Section]:
    span = facts.period.rhythm.span
    yield _section(
        "What to do",
        f"Jobs that fail, or will miss their SLA, as it stands on {day_words(facts.as_of.date())}.",
        _urgent(facts),
        lambda row: row,
    )
    dearest = max((float(day.list_cost or 0) for day in facts.days), default=0.0)
    yield Section(
        "Day by day",
        "Runs by the day on which they started, in UTC.",
        tuple(_day(day, dearest) for day in facts.days),
    )
    yield _section("SLAs missed", "Jobs by the runs that missed their SLA.", facts.misses, _miss)
    yield _section(
        "Failures",
        "Jobs by the runs that failed or timed out, and what was most often the cause.",
        facts.failures,
        _failure,
    )
    yield _section(
        "Unlike themselves",
        f"What the nights of this {span} flagged, the rarest first.",
        facts.flags,
        _flag,
    )
    yield _section(
        "New levels",
        f"Of jobs of which something else became usual in this {span} and still is, the largest change.",
        facts.levels,
        _level,
    )
    yield _section(
        "Dearest rises",
        f"Jobs that cost more than in the {span} before, in {text(facts.currency_code)} at list prices.",
        facts.rises,
        _rise,
    )
    longest = max((part["lost_seconds"] for part in facts.causes), default=0.0)
    yield _section(
        "Why runs were slow",
        "Time beyond what is usual of runs that were flagged or late, by what it is put down to.",
        facts.causes,
        lambda part: _cause(part, longest),
        most=len(_PARTS),
    )


def _section(
    title: str,
    lead: str,
    rows: Iterable[object],
    worded: Callable[..., dict[str, Cell]],
    most: int = _MOST_ROWS,
) -> Section:
    every = list(rows)
    first = tuple(worded(row) for row in every[:most])
    return Section(title, lead, first, len(every) - len(first))


def _urgent(facts: Facts) -> list[dict[str, Cell]]:
    failing = [
        {
            "job": _job(job),
            "why": Cell(
                f"has failed {job['consecutive_failures']:,} times in a row"
                if job["consecutive_failures"] > 1
                else "has failed once",
                note=cause_words(job["last_termination_code"]),
            ),
            "when": Cell(f"since {_moment(job['failing_since'])}"),
        }
        for job in facts.failing
    ]
    likely = [
        {
            "job": _job(job),
            "why": Cell(
                f"misses its SLA with a probability of {share(job['p_miss'])}", note=terms(job)
            ),
            "when": Cell(f"at {_moment(job['next_start_at'])}"),
        }
        for job in facts.likely
    ]
    growing = [
        {
            "job": _job(job),
            "why": Cell(f"grows {share(job['growth_30_days'])} in 30 days beyond its SLA"),
            "when": Cell(f"about {job['crosses_on']}"),
        }
        for job in facts.growing
    ]
    return failing + likely + growing


def _day(day: Day, dearest: float) -> dict[str, Cell]:
    known = day.list_cost is not None
    return {
        "day": Cell(f"{day.day:%a} {day.day.day} {day.day:%b}"),
        "runs": _number(day.runs),
        "failed": _number(day.failed),
        "missed": _number(day.missed),
        "list cost": Cell(
            money(float(day.list_cost)) if day.list_cost is not None else "not billed yet",
            bar=float(day.list_cost or 0) / dearest if known and dearest > 0 else None,
            is_number=True,
        ),
    }


def _miss(job: Record) -> dict[str, Cell]:
    return {
        "job": _job(job),
        "missed": Cell(f"{job['missed']:,} of {job['decided']:,}", is_number=True),
        "SLA": Cell(terms(job)),
    }


def _failure(job: Record) -> dict[str, Cell]:
    task = text(job["failed_task_key"])
    return {
        "job": _job(job),
        "failed": _number(job["failed_runs"]),
        "repaired": _number(job["repaired_runs"]),
        "lost": Cell(duration(float(job["lost_seconds"])), is_number=True),
        "mostly": Cell(
            text(job["termination_code"]) or "not said", note=f"in {short(task)}" if task else ""
        ),
    }


def _flag(flag: Record) -> dict[str, Cell]:
    return {
        "job": _job(flag),
        "night": Cell(f"{flag['night'].day} {flag['night']:%b}"),
        "why": Cell(f"{_metric(flag['metric'])}: {text(flag['severity'])}"),
    }


def _level(level: Record) -> dict[str, Cell]:
    before = amount({"metric": level["metric"], "level": level["level_before"]}, "level")
    return {
        "job": _job(level),
        "metric": Cell(_metric(level["metric"])),
        "since": Cell(f"{level['from_at'].day} {level['from_at']:%b}"),
        "change": Cell(f"{before} to {amount(level, 'level')}", note=f"{level['ratio']:.2f} times"),
    }


def _rise(job: Record) -> dict[str, Cell]:
    return {
        "job": _job(job),
        "before": Cell(money(float(job["previous_list_cost"])), is_number=True),
        "now": Cell(money(float(job["list_cost"])), is_number=True),
        "rise": Cell(money(float(job["rise"])), is_number=True),
    }


def _cause(part: Record, longest: float) -> dict[str, Cell]:
    return {
        "put down to": Cell(_PARTS[part["part"]]),
        "runs": _number(part["runs"]),
        "time": Cell(
            duration(part["lost_seconds"]), bar=part["lost_seconds"] / longest, is_number=True
        ),
    }


def _notes(facts: Facts) -> Iterable[str]:
    """What is not known of these days."""
    period, span = facts.period, facts.period.rhythm.span
    if facts.known_from is not None and period.first_day < facts.known_from <= period.last_day:
        yield f"Of this {span}, runs are known from {day_words(facts.known_from)} on."
    if facts.outcomes.pending:
        yield f"Of {facts.outcomes.pending:,} runs it is not decided yet whether they kept their SLA."
    if 0 < facts.nights < period.days:
        nights = f"{facts.nights:,} {'night' if facts.nights == 1 else 'nights'}"
        yield f"{nights} spoke of the {period.days} days of this {span} while they lasted."
    yield "Costs are usage at list prices, not an invoice."


def _job(job: Record) -> Cell:
    url = text(job["url"])
    team = text(job["team"])
    return Cell(job_name(job), url=url if url.startswith(_LINKS) else "", note=short(team))


def _number(count: int) -> Cell:
    return Cell(f"{count:,}", is_number=True)


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%b %H:%M}"


def _metric(name: str) -> str:
    return _METRICS.get(name, text(name).replace("_", " "))
