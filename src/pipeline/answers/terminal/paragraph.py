"""Sentences as lines of a width."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from rich.text import Text

PIPE_WIDTH: Final = 100
"""Columns of sentences in a pipe, which has no width."""


def paragraph(sentence: str, room: int, style: str = "") -> Iterator[Text]:
    """The lines of a sentence in `room` columns; no word is broken."""
    for line in wrap(sentence, room, break_long_words=False, break_on_hyphens=False):
        yield Text(line, style=style)
