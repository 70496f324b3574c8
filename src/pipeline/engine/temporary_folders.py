"""Temporary folders of this process, which go when it ends, interrupted or not."""

import atexit
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["gather_in_one", "remove", "remove_all", "temporary_folder"]

_standing: set[Path] = set()


def temporary_folder(purpose: str) -> Path:
    """A folder of its own, `rightrun-` and what it is for in its name."""
    folder = Path(tempfile.mkdtemp(prefix=f"rightrun-{purpose}-"))
    _standing.add(folder)
    return folder


def gather_in_one() -> None:
    """From here on the libraries' temporary files lie in one such folder, and go with it."""
    with suppress(OSError):  # Where there is no place for one, whoever needs it says so.
        tempfile.tempdir = str(temporary_folder("all"))


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        _standing.discard(folder)


@atexit.register
def remove_all() -> None:
    """At the end of the process, and by whoever ends it before."""
    for folder in list(_standing):
        remove(folder)
