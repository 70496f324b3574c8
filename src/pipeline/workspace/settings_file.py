"""The settings of a home as `rightrun init` writes them: what was found out, each with what it means."""

import textwrap
from collections.abc import Mapping, Sequence

import yaml

from pipeline.settings import Settings

_WIDTH = 96


def settings_text(
    heading: Sequence[str], values: Mapping[str, object], defaults: Sequence[str]
) -> str:
    """The text of a rightrun.yml: `heading` as comments, `values` as settings, and the settings named in
    `defaults` as they are without it, commented out."""
    blocks = ["\n".join(map(_comment, heading))]
    for name in (*values, *defaults):
        field = Settings.model_fields[name]
        line = _line(name, values.get(name, field.default))
        meaning = _comment(str(field.description))
        blocks.append(f"{meaning}\n{line if name in values else _commented(line)}")
    return "\n\n".join(blocks) + "\n"


def _line(name: str, value: object) -> str:
    return yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True).rstrip()


def _commented(lines: str) -> str:
    return "\n".join(f"# {line}" for line in lines.splitlines())


def _comment(sentence: str) -> str:
    """One sentence as lines of a comment, whatever line ends it holds."""
    words = " ".join(sentence.split())
    return "\n".join(f"# {line}" for line in textwrap.wrap(words, _WIDTH))
