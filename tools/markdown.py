"""Markdown as generated pages are written in."""

import os
from collections.abc import Iterable

MADE = "<!-- Made by `make docs` from the declarations in {where}; change them, not this page. -->"


def rows_of_table(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A Markdown table, and the empty line after it."""
    lines = [names, ("---",) * len(names)]
    lines += [
        tuple(cell.replace("|", "\\|").replace(os.linesep, " ") for cell in row) for row in rows
    ]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def page_of(parts: list[str]) -> str:
    return "\n".join(parts).rstrip("\n") + "\n"
