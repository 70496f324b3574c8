"""A report as plain text of 80 columns, for the body of a mail."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from rich.cells import cell_len, set_cell_size

from pipeline.answers.terminal.layout import SENTENCES, listing
from pipeline.reports.evidence import Cell, Section
from pipeline.reports.report import Report

__all__ = ["mail_text"]

_WIDTH: Final = 80
_WIDEST_CELL: Final = 32


def mail_text(report: Report) -> str:
    """All of the report, whose lines end in a newline each."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield from _paragraph(f"RightRun: {report.title}")
    yield from _paragraph(f"{report.whom}. {report.as_of}")
    for sentence in report.sentences:
        yield ""
        yield from _paragraph(sentence)
    yield from _heading("What we said, and what came")
    for sentence in report.receipts:
        yield from _paragraph(sentence)
    for section in report.sections:
        yield from _heading(section.title)
        yield from _paragraph(section.lead)
        yield from _table(section)
    yield ""
    for note in report.notes:
        yield from _paragraph(note)


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield title
    yield "-" * cell_len(title)


def _table(section: Section) -> Iterator[str]:
    rows = [
        {
            heading: _said(cell) if heading not in SENTENCES else _whole(cell)
            for heading, cell in row.items()
        }
        for row in section.rows
    ]
    yield from (line.plain for line in listing(rows, _WIDTH))
    if section.more:
        yield f"and {section.more:,} more"


def _said(cell: Cell) -> str:
    words = cell.text
    return (
        words
        if cell_len(words) <= _WIDEST_CELL
        else set_cell_size(words, _WIDEST_CELL - 1).rstrip() + "…"
    )


def _whole(cell: Cell) -> str:
    return f"{cell.text} ({cell.note})" if cell.note else cell.text


def _paragraph(sentence: str) -> list[str]:
    return wrap(sentence, _WIDTH, break_on_hyphens=False)
