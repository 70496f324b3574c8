"""Paths as engines take them: to an engine a path is a pattern and a URL, to a disk it is a name."""

import re
from pathlib import Path

_PLAIN = re.compile(r"(/[A-Za-z0-9._+@-]+)+")


def is_plain(path: Path) -> bool:
    """Whether this absolute path means to every engine what it means to the disk: of other
    characters it could mean several files, a partition, or something else once decoded."""
    return _PLAIN.fullmatch(str(path)) is not None
