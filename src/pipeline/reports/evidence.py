"""The evidence of a report: lists of jobs, days and causes, as rows of cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from pipeline.answers.phrases import amount, terms
from pipeline.answers.reader import Record
from pipeline.answers.values import money, share, text
from pipeline.reports.facts import Day, Facts
from pipeline.reports.period import Rhythm
from pipeline.reports.sentences import cause_words, day_words, job_name, short
from pipeline.sla.durations import duration

__all__ = ["Cell", "Section", "evidence"]

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


def evidence(facts: Facts) -> tuple[Section, ...]:
    """The sections that have a row."""
    return tuple(section for section in _sections(facts) if section.rows)


def _sections(facts: Facts) -> Iterable[Section]:
    span = facts.period.rhythm.span
    yield _section(
        "What to do",
        f"Jobs that fail, or will miss their SLA, as it stands on {day_words(facts.as_of.date())}.",
        _urgent(facts),
        lambda row: row,
    )
    yield _days(facts)
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


def _days(facts: Facts) -> Section:
    """Each day of a week, each week of a month."""
    if facts.period.rhythm is Rhythm.WEEKLY:
        title, groups = "Day by day", [[day] for day in facts.days]
    else:
        title = "Week by week"
        groups = [
            list(days) for _, days in groupby(facts.days, lambda one: one.day.isocalendar()[:2])
        ]
    costs = [_cost(days) for days in groups]
    dearest = max((float(cost or 0) for cost in costs), default=0.0)
    return Section(
        title,
        "Runs by the day on which they started, in UTC.",
        tuple(
            {
                "day": Cell(_span(days)),
                "runs": _number(sum(day.runs for day in days)),
                "failed": _number(sum(day.failed for day in days)),
                "missed": _number(sum(day.missed for day in days)),
                "list cost": Cell(
                    "not billed yet" if cost is None else money(float(cost)),
                    bar=float(cost) / dearest if cost and dearest > 0 else None,
                    is_number=True,
                ),
            }
            for days, cost in zip(groups, costs, strict=True)
        ),
    )


def _cost(days: Sequence[Day]) -> Decimal | None:
    """The list cost of these days; None unless all of them are billed in full."""
    costs = [day.list_cost for day in days if day.list_cost is not None]
    return sum(costs, Decimal(0)) if len(costs) == len(days) else None


def _span(days: Sequence[Day]) -> str:
    first, last = days[0].day, days[-1].day
    if first == last:
        return f"{first:%a} {first.day} {first:%b}"
    return f"{first.day} to {last.day} {last:%b}"


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
            cause_words(job["termination_code"]) or "not said",
            note=f"in {short(task)}" if task else "",
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
