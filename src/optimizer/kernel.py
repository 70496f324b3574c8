"""How a loop over runs is compiled: once per machine, outside the interpreter lock.

Python's loop over a million runs takes seconds; the same loop compiled takes milliseconds. Every
compiled function of this package goes through `kernel`, so the choices are made in one place: the
machine code is cached on disk, the interpreter lock is released (buckets of jobs run in parallel
threads), divisions follow IEEE 754 instead of raising, and the order of operations is kept (no
fast-math), so a result does not depend on the machine's vector width.

numba knows a cached function by its own file, and not by the files of those that it calls, which
are compiled into it. So the cache has a folder for each text of the package as a whole: another
release, or a changed line, finds nothing of the one before.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

__all__ = ["kernel"]

Compiled = TypeVar("Compiled", bound=Callable[..., object])

_SETTINGS: Final[Any] = numba.config
_PACKAGE: Final = Path(__file__).parent
_TEXT: Final = sha256(b"".join(file.read_bytes() for file in sorted(_PACKAGE.rglob("*.py"))))


def kernel(function: Compiled) -> Compiled:
    """Compile `function` for arrays and numbers, keeping its signature for readers and tools."""
    chosen: str = _SETTINGS.CACHE_DIR
    folder = Path(chosen or _PACKAGE / "__pycache__") / f"kernels-{_TEXT.hexdigest()[:16]}"
    _SETTINGS.CACHE_DIR = str(folder)
    try:
        return cast(Compiled, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    finally:
        _SETTINGS.CACHE_DIR = chosen
