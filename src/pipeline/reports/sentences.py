"""The sentences of a report: what changed, what it cost, what to do, and what had been said of it.

Each is built from facts and says only what is known; what is not known it says so.
"""

from datetime import date
from typing import Final

from pipeline.answers.phrases import terms
from pipeline.answers.reader import Record
from pipeline.answers.values import money, number, share, text
from pipeline.reports.facts import Facts

__all__ = ["cause_words", "changed", "cost", "day_words", "job_name", "receipts", "short", "to_do"]

_LONGEST: Final = 60
"""Characters of a name: some are whole sentences."""
_SAME: Final = 0.0005
"""Shares nearer than this look alike when they are shown."""


def changed(facts: Facts) -> str:
    """How the runs of these days ended and kept their SLA, beside those before."""
    span, now, before = facts.period.rhythm.span, facts.outcomes, facts.outcomes_before
    if facts.known_from is None or facts.known_from > facts.period.last_day:
        return f"Nothing is known of runs in this {span}{_since(facts.known_from)}."
    if now.success_rate is None:
        return f"No run that started in this {span} has ended with a success or a failure."
    parts = [f"{share(now.success_rate)} of the {_runs(now.ended)} that ended succeeded"]
    if before is not None and before.success_rate is not None:
        parts[0] += f", {_points(now.success_rate - before.success_rate)} the {span} before"
    if now.decided:
        missed = f"{now.missed:,} of {_runs(now.decided)} with an SLA missed it"
        if before is not None and before.decided:
            missed += f", against {before.missed:,} of {before.decided:,} before"
        parts.append(missed)
    else:
        parts.append("no run had an SLA that is decided")
    unknown = (
        "" if before is not None else f"; nothing is known of the {span} before to compare with"
    )
    return f"{', and '.join(parts)}{unknown}."


def cost(facts: Facts) -> str:
    """The list cost of these days beside those before, and what it leaves out."""
    span, now, before = facts.period.rhythm.span, facts.costs, facts.costs_before
    if now is None:
        reach = (
            "" if facts.last_cost_day is None else f": the last is {day_words(facts.last_cost_day)}"
        )
        return f"What it cost is not known, as no day of this {span} is billed in full{reach}."
    amount = f"{money(float(now.list_cost))} {text(facts.currency_code)}".strip()
    if now.days < facts.period.days:
        billed = (
            f"The {now.days} of its {facts.period.days} days that are billed in full"
            if now.days > 1
            else (f"The one of its {facts.period.days} days that is billed in full")
        )
        sentence = f"{billed} cost {amount} at list prices"
    else:
        sentence = f"The {span} cost {amount} at list prices"
        if before is None:
            sentence += f", and the {span} before is not billed in full to compare it with"
        elif before.list_cost:
            sentence += f", {_dearer(facts)} the {span} before"
            if facts.rises and now.list_cost > before.list_cost:
                first = facts.rises[0]
                sentence += f"; the dearest rise is that of {job_name(first)}, by {money(float(first['rise']))}"
    if now.unpriced_quantity:
        unit = f" {text(now.unpriced_unit)}" if now.unpriced_unit else " of several units"
        sentence += (
            f"; {float(now.unpriced_quantity):,.0f}{unit} have no list price and are not in it"
        )
    return f"{sentence}."


def to_do(facts: Facts) -> str:
    """What to look at first, as things stand after the newest night, and how much more there is."""
    others = _others(facts)
    if facts.failing:
        job = facts.failing[0]
        times = job["consecutive_failures"]
        often = "once" if times == 1 else f"{times:,} times in a row"
        code = cause_words(job["last_termination_code"] or job["last_failure_class"])
        why = f" ({code})" if code else ""
        return (
            f"Look first at {job_name(job)}, which has failed {often} since"
            f" {day_words(job['failing_since'].date())}{why}{others}."
        )
    if facts.likely:
        job = facts.likely[0]
        return (
            f"Look first at {job_name(job)}, whose next run misses its SLA ({terms(job)}) with a probability of"
            f" {share(job['p_miss'])}{others}."
        )
    if facts.growing:
        job = facts.growing[0]
        return (
            f"Nothing is urgent; {job_name(job)} grows, and a usual run of it will not fit its SLA any more from about"
            f" {day_words(job['crosses_on'])} on."
        )
    return "Nothing is urgent: no job is failing, and no next run is likely to miss its SLA."


def receipts(facts: Facts) -> list[str]:
    """What was said of these days and what came; a sentence each of misses and of flags."""
    span, kept = facts.period.rhythm.span, facts.receipts
    if kept.known_runs:
        misses = f"We said {number(kept.said_misses)} misses of {_runs(kept.known_runs)}, {kept.misses_that_came:,} came."
        if kept.called_likely:
            misses += f" Of {_runs(kept.called_likely)} that we called likely to miss, {kept.likely_that_came:,} did."
        else:
            misses += " We called no run likely to miss."
    elif kept.open_runs:
        misses = f"Of {_runs(kept.open_runs)} that we spoke of it is not known yet what came."
    elif facts.nights:
        misses = f"In this {span} we said nothing about misses of which it is known what came."
    else:
        misses = f"No night spoke of this {span} while it lasted, so nothing was foretold."
    if not kept.flags:
        return [misses]
    marked = kept.incidents + kept.expected_flags
    flags = f"We flagged jobs {kept.flags:,} {'time' if kept.flags == 1 else 'times'}: "
    flags += (
        f"people have called {kept.incidents:,} of these an incident and {kept.expected_flags:,} expected."
        if marked
        else "nobody has said yet whether rightly."
    )
    return [misses, flags]


def job_name(job: Record) -> str:
    """A job's name on one line, not longer than a line."""
    return short(text(job["name"]) or text(job["series_key"]))


def short(name: str) -> str:
    """A name not longer than a line."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def cause_words(code: object) -> str:
    """A termination code as words: `run execution error`."""
    return short(text(code).replace("_", " ").lower())


def day_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _others(facts: Facts) -> str:
    failing = max(len(facts.failing) - 1, 0)
    likely = len(facts.likely) - (0 if facts.failing else 1)
    parts = []
    if failing:
        parts.append(f"{failing:,} more {'job is' if failing == 1 else 'jobs are'} failing")
    if likely > 0:
        parts.append(
            f"{likely:,} {'is' if likely == 1 else 'are'} likely to miss the SLA with the next run"
        )
    return f"; {' and '.join(parts)}" if parts else ""


def _since(day: date | None) -> str:
    return "" if day is None else f": what is known begins on {day_words(day)}"


def _runs(count: int) -> str:
    return f"{count:,} {'run' if count == 1 else 'runs'}"


def _points(difference: float) -> str:
    if abs(difference) < _SAME:
        return "as many as in"
    return f"{100 * abs(difference):.1f} points {'more' if difference > 0 else 'less'} than in"


def _dearer(facts: Facts) -> str:
    """By how much it cost more or less, a day where months are not of one length."""
    assert facts.costs is not None
    assert facts.costs_before is not None
    now, before = facts.costs, facts.costs_before
    ratio = float(now.list_cost / now.days / (before.list_cost / before.days))
    a_day = " a day" if now.days != before.days else ""
    if abs(ratio - 1) < _SAME:
        return f"as much{a_day} as"
    return f"{100 * abs(ratio - 1):,.1f} % {'more' if ratio > 1 else 'less'}{a_day} than"
