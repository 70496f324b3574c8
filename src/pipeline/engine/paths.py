"""Paths that mean the same to engines, which read them as patterns and URLs, as they do to the disk."""

import re
from functools import cache
from pathlib import Path
from uuid import uuid4

from pipeline.engine.temporary_folders import temporary_folder

_LITERAL = re.compile(r"(/[A-Za-z0-9._+@-]+)+")


def is_literal(path: Path) -> bool:
    """Whether every engine takes this absolute path as it stands: other characters could make it mean
    several files, a partition, or something else once decoded."""
    return _LITERAL.fullmatch(str(path)) is not None


def literal_path(folder: Path) -> Path:
    """The folder under a path that every engine takes as it stands: its own, or that of a link to it
    that lasts as long as this process."""
    return _literal_path(folder.resolve())


@cache
def _literal_path(folder: Path) -> Path:
    if is_literal(folder):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    link = _links() / uuid4().hex
    link.symlink_to(folder)
    return link


@cache
def _links() -> Path:
    return temporary_folder("links")
