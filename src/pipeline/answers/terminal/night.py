"""A night's own report: what each stage did, and then what a platform engineer wants first."""

from collections.abc import Iterator

import pandas as pd
from rich.console import Console

from pipeline.answers.questions import Questions
from pipeline.answers.terminal import brief
from pipeline.answers.terminal.tables import table
from pipeline.bronze.flaws import Flaws
from pipeline.nightly.night import Night

_TOP = 10
_LIKELY = 0.05


def stages(night: Night) -> pd.DataFrame:
    """One row a stage: rows read, rows written, seconds."""
    rows = pd.DataFrame(
        [
            {
                "stage": report.stage,
                "tables": 1,
                "current": int(report.mode == "current"),
                "rows_read": report.rows_read,
                "rows_written": report.written,
                "quarantined": report.rejected,
                "repeated": report.duplicates,
                "late": report.late,
                "took_seconds": report.seconds,
            }
            for report in night.reports
        ]
    )
    return rows.groupby("stage", sort=False, as_index=False).sum()


def steps(night: Night) -> pd.DataFrame:
    """One row a table, for scripts."""
    return pd.DataFrame(
        [
            {
                "step": report.step,
                "stage": report.stage,
                "table": report.table.full_name,
                "mode": report.mode,
                "rows_read": report.rows_read,
                "inserted": report.inserted,
                "updated": report.updated,
                "deleted": report.deleted,
                "rejected": report.rejected,
                "duplicates": report.duplicates,
                "expired": report.expired,
                "late": report.late,
                "seconds": round(report.seconds, 3),
                "version": report.version,
            }
            for report in night.reports
        ]
    )


def summary(
    console: Console, questions: Questions, flaws: list[Flaws], most_quarantined: float
) -> None:
    """Failing now, likely to miss, best sizes, cost by team with coverage, and what is not known."""
    failing = questions.failing(_TOP)
    console.print(
        table(
            "Jobs failing now",
            brief.failing(failing),
            none=questions.why_none_fails() if failing.empty else "",
        )
    )
    misses = questions.likely_to_miss(_TOP, at_least=_LIKELY)
    console.print(
        table(
            "Jobs likely to miss their SLA next time",
            brief.likely_to_miss(misses),
            none=questions.why_none_misses(_LIKELY) if misses.empty else "",
        )
    )
    sizes = questions.rightsizing(_TOP, changes_only=True)
    console.print(
        table(
            "Best right-sizing recommendations (DBU part, with 80 % interval)",
            brief.sizes(sizes, reasons=False),
            none=questions.why_no_size() if sizes.empty else "",
        )
    )
    costs = questions.cost_by_team()
    title = brief.costs_title(questions.last_cost_day())
    console.print(table(title, brief.costs(costs)))
    console.print(brief.coverage(costs), markup=False)
    console.print(table("Jobs that could not be assessed, and why", questions.not_assessed()))
    for doubt in doubts(questions):
        console.print(doubt, style="red", markup=False)
    for one in flaws:
        for sentence in () if one.exceeds(most_quarantined) else one.sentences():
            console.print(f"Quarantine: {sentence}.", markup=False)
    checked, broken = questions.rules()
    for rule in broken:
        console.print(f"Broken: {rule}; answers from it are in doubt.", style="red", markup=False)
    if not broken:
        lossy = any(one.exceeds(most_quarantined) for one in flaws)
        of = " of what could be kept; for what could not, see above" if lossy else ""
        console.print(f"Data quality: all {checked} declared rules hold{of}.", markup=False)


def losses(flaws: list[Flaws], most_quarantined: float) -> Iterator[str]:
    """Sentences for each table that lost more of its rows than may be: a night with any exits with 1."""
    for one in flaws:
        for sentence in one.sentences() if one.exceeds(most_quarantined) else ():
            yield f"Lost: {sentence}."


def doubts(questions: Questions) -> Iterator[str]:
    """A sentence for each thing that the answers go without, or may have wrong."""
    unknown = questions.unknown_results()
    if len(unknown):
        counted = zip(unknown["result_state"], unknown["attempts"], strict=True)
        words = ", ".join(f"{word} ({attempts})" for word, attempts in counted)
        yield (
            f"Results: attempts that ended with a word that nobody knows teach nothing: {words}."
        )
    if shared := len(questions.shared_names()):
        yield (
            "Names: unlike works may share a default name of submitted runs, and no task tells them"
            f" apart ({shared} in rightrun show quality)."
        )
    if scattered := questions.scattered_names()["series"].sum():
        yield (
            "Names: names of submitted runs that were used once each differ in a number only, so a rule"
            f" in run_name_rules makes them one series ({scattered} in rightrun show quality)."
        )
    for gap in (*questions.gaps(), *questions.absent_columns()):
        yield f"Gap: {gap}."
    for ahead in questions.ahead():
        yield f"Clock: {ahead}."
    for stray in questions.decided_for_no_job() + questions.decided_unreadably():
        yield f"SLA: {stray}"
