"""One writer at a time for each part of a home: anybody else who wants to write learns who does."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import UserError
from pipeline.lakehouse.folder.staging import staging_folder
from pipeline.tables.declaration import Part

_LOCK = ".lock"


@contextmanager
def home_lock(home: Path, part: Part = Part.TABLES, *, wait: bool = False) -> Iterator[None]:
    """Hold a part of `home` for writing; UserError saying who holds it, or with `wait` wait for them.

    The operating system frees the lock of a process that dies, so there are no stale locks. What such
    a process left in the part's staging is removed here: under the lock, nobody else can be using it.
    """
    make_home(home)
    staging, holder = staging_folder(home, part), home / f"{_LOCK}{part.suffix}.json"
    lock = FileLock(home / f"{_LOCK}{part.suffix}", timeout=-1 if wait else 0)
    try:
        lock.acquire()
    except Timeout:
        whose = str(home) if part is Part.TABLES else f"{home}, its {part},"
        raise UserError(
            f"{whose} is being written by {_named(holder)}: wait for it to end, or pass --wait"
        ) from None
    try:
        shutil.rmtree(staging, ignore_errors=True)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "since": since}), encoding="utf-8")
        yield
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        holder.unlink(missing_ok=True)
        lock.release()


def make_home(home: Path) -> None:
    """The folder, where it is not there yet; UserError where none can be."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{home} cannot be a home: {error.strerror}") from error


def _named(file: Path) -> str:
    # A holder has no name between taking the lock and writing it down, nor just after the release.
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
        return f"process {holder['pid']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"
