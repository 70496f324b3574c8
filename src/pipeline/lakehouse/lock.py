"""One writer a home: two nights at once would each undo what the other remembers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import UserError


@contextmanager
def home_lock(home: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the home's lock; UserError naming its holder when it is taken and `wait` is false."""
    home.mkdir(parents=True, exist_ok=True)
    holder = home / ".lock.holder"
    lock = FileLock(home / ".lock")
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout as error:
        who = holder.read_text().strip() if holder.exists() else "another process"
        raise UserError(
            f"{home} is being written by {who}: wait for it to end, or pass --wait"
        ) from error
    try:
        since = datetime.now(UTC).strftime("%H:%M:%S UTC")
        holder.write_text(f"process {os.getpid()} since {since}")
        yield
    finally:
        lock.release()
