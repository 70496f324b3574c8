"""A night's own report: what each stage did, and then what a platform engineer wants first."""

import pandas as pd
from rich.console import Console

from pipeline.night import Night
from pipeline.reports import brief
from pipeline.reports.questions import Questions
from pipeline.reports.terminal import table

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


def summary(console: Console, questions: Questions) -> None:
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
    console.print(table("List cost by team, last 30 days with usage", brief.costs(costs)))
    console.print(brief.coverage(costs), markup=False)
    console.print(table("Jobs that could not be assessed, and why", questions.not_assessed()))
    for gap in questions.gaps():
        console.print(f"Gap: {gap}.", style="red", markup=False)
    for stray in questions.decided_for_no_job():
        console.print(f"SLA: {stray}", style="red", markup=False)
    checked, broken = questions.rules()
    for rule in broken:
        console.print(f"Broken: {rule}; answers from it are in doubt.", style="red", markup=False)
    if not broken:
        console.print(f"Data quality: all {checked} declared rules hold.", markup=False)
