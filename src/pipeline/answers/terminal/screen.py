"""The terminal, or the pipe, that answers are printed to.

Everything printed is text, never markup: a job may be called `[red]x[/red]`. Where the stream cannot say a
sign that we use, a plain one stands for it.
"""

import os
import sys
from collections.abc import Iterable
from functools import cache
from typing import Final

from rich.console import Console
from rich.text import Text

__all__ = ["printed", "screen", "width_of"]

_PLAIN_SIGNS: Final = str.maketrans(
    {
        "→": ">",
        "…": "~",
        "·": "|",
        "•": "o",
        "●": "*",
        "✕": "x",
        "░": ":",
        "─": "-",
        "╌": "-",
        "│": "|",
        "└": "+",
        "┊": ":",
        "–": "-",
        "’": "'",
    }
)


def screen(*, stderr: bool = False) -> Console:
    """Where a command prints to."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def width_of(console: Console) -> int | None:
    """The columns of a terminal, or those that COLUMNS asks for; None for a pipe, which has none."""
    if console.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return console.width
    return None


def printed(console: Console, lines: Iterable[Text | str]) -> None:
    """Print each line as it is."""
    stream = sys.stderr if console.stderr else sys.stdout
    is_plain = not _can_say("→·●", getattr(stream, "encoding", None) or "utf-8")
    for line in lines:
        text = Text(line) if isinstance(line, str) else line
        if is_plain:
            text.plain = text.plain.translate(
                _PLAIN_SIGNS
            )  # As long as before: styles stay in place.
        console.print(text, overflow="ignore", no_wrap=True, crop=False)


@cache
def _can_say(signs: str, encoding: str) -> bool:
    try:
        signs.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
