"""Paths as engines take them: to an engine a path is a pattern and a URL, to a disk it is a name."""

import re
from functools import cache
from pathlib import Path
from uuid import uuid4

from pipeline.engine.temporary_folders import temporary_folder

_PLAIN = re.compile(r"(/[A-Za-z0-9._+@-]+)+")


def is_plain(path: Path) -> bool:
    """Whether this absolute path means to every engine what it means to the disk: of other
    characters it could mean several files, a partition, or something else once decoded."""
    return _PLAIN.fullmatch(str(path)) is not None


def plain(folder: Path) -> Path:
    """The folder by a name that every engine takes as it is: its own, or that of a link to it, which
    lasts as long as this process."""
    return _plain(folder.resolve())


@cache
def _plain(folder: Path) -> Path:
    if is_plain(folder):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    link = _links() / uuid4().hex
    link.symlink_to(folder)
    return link


@cache
def _links() -> Path:
    return temporary_folder("links")
