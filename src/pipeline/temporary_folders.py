"""Temporary folders of this process, which go when it ends, interrupted or not."""

import atexit
import shutil
import tempfile
from pathlib import Path

__all__ = ["remove", "remove_all", "temporary_folder"]

_standing: set[Path] = set()


def temporary_folder(purpose: str) -> Path:
    """A folder of its own, `rightrun-` and what it is for in its name."""
    folder = Path(tempfile.mkdtemp(prefix=f"rightrun-{purpose}-"))
    _standing.add(folder)
    return folder


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        _standing.discard(folder)


@atexit.register
def remove_all() -> None:
    """Whoever cannot wait for the others that are called at the end calls this before them."""
    for folder in list(_standing):
        remove(folder)
