"""Temporary folders of this process, removed when it ends, interrupted or not."""

import atexit
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["gather_in_one", "remove", "remove_all", "temporary_folder"]

_existing: set[Path] = set()


def temporary_folder(purpose: str) -> Path:
    """A new folder, named `rightrun-` and its purpose."""
    folder = Path(tempfile.mkdtemp(prefix=f"rightrun-{purpose}-"))
    _existing.add(folder)
    return folder


def gather_in_one() -> None:
    """From here on the libraries' temporary files lie in one such folder, and are removed with it."""
    with suppress(OSError):  # Where none can be made, whoever needs it says so.
        tempfile.tempdir = str(temporary_folder("all"))


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        _existing.discard(folder)


@atexit.register
def remove_all() -> None:
    """Called at the end of the process, and by whoever ends it early."""
    for folder in list(_existing):
        remove(folder)
