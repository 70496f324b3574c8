"""The two files of a report, and their names."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from pipeline.errors import UserError
from pipeline.reports.facts import Facts
from pipeline.reports.mail import mail_text
from pipeline.reports.page import page_text
from pipeline.reports.report import report_of

__all__ = ["file_stem", "write_report"]

_LONGEST: Final = 40
_OTHERS: Final = re.compile(r"[^a-z0-9]+")


def file_stem(facts: Facts) -> str:
    """`rightrun-weekly-2026-W04`, and the team where it is a team's.

    Of a team's name only letters and digits of ASCII are kept; where that loses anything, a part of its hash keeps
    two teams from one file.
    """
    stem = f"rightrun-{facts.period.rhythm}-{facts.period.name}"
    if facts.team is None:
        return stem
    plain = _OTHERS.sub("-", facts.team.lower())[:_LONGEST].strip("-")
    mark = "" if plain == facts.team else sha256(facts.team.encode()).hexdigest()[:8]
    return "-".join(filter(None, (stem, plain, mark)))


def write_report(facts: Facts, folder: Path) -> list[Path]:
    """Write a report as HTML and as plain text, over one of the same name; UserError where that cannot be done."""
    report = report_of(facts)
    texts = {".html": page_text(report), ".txt": mail_text(report)}
    files = [folder / f"{file_stem(facts)}{ending}" for ending in texts]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in zip(files, texts.values(), strict=True):
            file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written to ({error.strerror}): name another folder with --out"
        ) from error
    return files
