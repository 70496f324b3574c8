"""What a user can mend is one sentence; of any other error, its kind and place are told.

What a library says of an error may quote the row that it failed on, and rows may hold secrets.
"""

import os
import traceback
from collections.abc import Iterator
from pathlib import Path

_OURS = ("pipeline", "optimizer")


class UserError(Exception):
    """Something the user can mend. The command line prints the sentence and exits with 2."""


def cause(error: BaseException) -> str:
    """What kind of error it is, without what it says."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    # Of an engine's errors some have a name, such as INSUFFICIENT_PERMISSIONS.
    named = getattr(error, "getCondition", None)
    return (named() if named is not None else None) or type(error).__name__


def place(error: BaseException) -> str:
    """Where in our code it was raised, or came from: `forecasts.py:71`."""
    frames = [
        f"{Path(frame.f_code.co_filename).name}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _is_ours(str(frame.f_globals.get("__name__")))
    ]
    return frames[-1] if frames else "an unknown place"


def traced(error: BaseException) -> str:
    """The traceback of an error that nobody foresaw, with the words of those that our code raised."""
    return "\n".join("".join(_traced(one)).rstrip() for one in reversed([*_chain(error)]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _traced(error: BaseException) -> Iterator[str]:
    yield from traceback.format_tb(error.__traceback__)
    raised_in = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1:]
    is_ours = any(_is_ours(str(frame.f_globals.get("__name__"))) for frame in raised_in)
    yield f"{type(error).__name__}: {error}" if is_ours else cause(error)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS
