"""The little of Markdown that texts on pages use: a heading, and bold words."""

import re
from typing import Final

from markupsafe import Markup, escape

__all__ = ["markup"]

_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")


def markup(markdown: str) -> Markup:
    """One paragraph or heading as HTML; all else that it holds is text."""
    heading = re.fullmatch(r"(#{1,3}) (.*)", markdown.strip())
    words = _BOLD.sub(r"<strong>\1</strong>", str(escape(heading[2] if heading else markdown)))
    return Markup(f"<h2>{words}</h2>" if heading else f"<p>{words}</p>")
