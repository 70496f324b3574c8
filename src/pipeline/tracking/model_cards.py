"""A family's card as the description of its registered model."""

import re

from pipeline.wheel import models_folder

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_SOFT_BREAK = re.compile(r"(?<=\S)\n +(?=\S)|(?<=\S)\n(?=[^\s-])")


def card(family: str) -> str:
    """The card under its title, as MLflow shows Markdown: it breaks every line where it ends, and finds
    none of the files that a card links to."""
    text = (models_folder() / "cards" / f"{family}.md").read_text(encoding="utf-8")
    _title, _, body = text.partition("\n")
    return _SOFT_BREAK.sub(" ", _LINK.sub(r"\1", body.strip()))
