"""A report in words: its sentences, its figures and its evidence, whichever way it is rendered."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.answers.values import money, share, shown, text
from pipeline.reports import sentences
from pipeline.reports.evidence import Section, evidence
from pipeline.reports.facts import Costs, Facts
from pipeline.reports.sentences import day_words, short

__all__ = ["Figure", "Report", "report_of"]


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
        sections=evidence(facts),
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


def _notes(facts: Facts) -> Iterable[str]:
    """What is not known of these days."""
    period, span = facts.period, facts.period.rhythm.span
    if facts.known_from is not None and period.first_day < facts.known_from <= period.last_day:
        yield f"Of this {span}, runs are known from {day_words(facts.known_from)} on."
    if facts.outcomes.pending:
        yield f"Of {facts.outcomes.pending:,} runs it is not decided yet whether they kept their SLA."
    if 0 < facts.nights < period.days:
        nights = f"{facts.nights:,} {'night' if facts.nights == 1 else 'nights'}"
        yield f"Only {nights} ran in these {period.days} days: where none ran, nothing was foretold or flagged."
    yield "Costs are usage at list prices, not an invoice."
