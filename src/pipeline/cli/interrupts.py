"""Ctrl-C and SIGTERM end the process at once, whatever its threads are waiting for.

A night computes in threads, and in libraries that come back when they are done: KeyboardInterrupt in
the main thread would wait for them. Nothing has to wait: a night that is killed goes on from where it
stopped, the operating system frees its lock, and what it staged goes when the next one begins.
"""

import faulthandler
import os
import signal
import sys
from threading import Thread
from typing import Final, NoReturn

from pipeline.engine.temporary_folders import remove_all

__all__ = ["end_when_interrupted", "unwind_when_interrupted"]

_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM)
_SAYS: Final = "rightrun: interrupted; run the same command again: a night goes on where it stopped"
_BAR_CLEARED: Final = "\r\x1b[K\x1b[?25h"
"""The line of the bar emptied, and the cursor shown again."""
_CLEARING_SECONDS: Final = 0.5


def end_when_interrupted() -> None:
    """From here on SIGINT ends the process with exit code 130 and SIGTERM with 143."""
    # Python calls its handlers in the main thread, once that is back from what it has called; the
    # number of the signal it writes at once.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for interrupt in _INTERRUPTS:
        signal.signal(interrupt, _do_nothing)
    Thread(target=_watch, args=(reading,), name="interrupts", daemon=True).start()


def unwind_when_interrupted() -> None:
    """From here on the first of both raises KeyboardInterrupt in the main thread, for a command that has to
    put away what it made outside this machine; it waits for what has been asked of the engine."""
    signal.set_wakeup_fd(-1)
    for interrupt in _INTERRUPTS:
        signal.signal(interrupt, _unwind)


def _unwind(_number: int, _frame: object) -> NoReturn:
    # Whoever interrupts twice, as a terminal and a program around this one do, does not stop the tidying.
    for interrupt in _INTERRUPTS:
        signal.signal(interrupt, _do_nothing)
    raise KeyboardInterrupt


def _do_nothing(_number: int, _frame: object) -> None:
    """In place of KeyboardInterrupt."""


def _watch(reading: int) -> None:
    number = 0
    while number not in _INTERRUPTS:
        [number] = os.read(reading, 1)
    # Python does not end before this thread has: nobody else says what the exit code is.
    Thread(target=_end, args=(128 + number,), daemon=False).start()


def _end(code: int) -> None:
    bar = _BAR_CLEARED if sys.stderr.isatty() else ""
    os.write(2, f"{bar}{_SAYS}\n".encode())
    # What fails now does so because its temporary folders go. No library is asked to end: some wait for
    # their threads, and some hold up all others while they do.
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    # Where a library holds up this thread as well, the process still ends, if with another exit code.
    faulthandler.dump_traceback_later(2 * _CLEARING_SECONDS, exit=True, file=silence)
    clearing = Thread(target=remove_all, daemon=True)
    clearing.start()
    clearing.join(_CLEARING_SECONDS)
    os._exit(code)
