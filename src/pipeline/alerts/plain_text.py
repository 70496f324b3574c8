"""Text of others on one line of its own: a name may hold anything, and shows as nothing but text."""

import re
from typing import Final

__all__ = ["cut", "plain"]

_UNSEEN: Final = re.compile(
    # Controls, surrogates, line and paragraph separators, and what turns the direction of all that follows.
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
)


def plain(text: str, most: int) -> str:
    """`text` on one line, without characters that steer a screen, a parser or the direction of writing, and of
    at most `most` characters."""
    return cut(" ".join(_UNSEEN.sub(" ", text).split()), most)


def cut(text: str, most: int) -> str:
    """`text`, with a sign at its end where some of it is left out."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip() + "…" * min(most, 1)
