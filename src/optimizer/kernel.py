"""How a loop over runs is compiled: once per machine, outside the interpreter lock.

Python's loop over a million runs takes seconds; the same loop compiled takes milliseconds. Every
compiled function of this package goes through `kernel` or `inner_kernel`, so the choices are made in one place: the
machine code is cached on disk, the interpreter lock is released (buckets of jobs run in parallel
threads), divisions follow IEEE 754 instead of raising, and the order of operations is kept (no
fast-math), so a result does not depend on the machine's vector width.

numba knows a cached function by its own file, and not by the files of those that it calls, which
are compiled into it. So the cache has a folder for each text of the package as a whole: another
release, or a changed line, finds nothing of the one before.

The cache stands where NUMBA_CACHE_DIR says, else beside the package, else among the user's caches, else
in a temporary folder of the user's own: in the first of these that can be written to. What a cache holds
is run, so none is kept where others could write. Where there is no such place, and where the package is
read from an archive that a client has sent to its workers, each process compiles for itself, for some
twenty seconds.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

__all__ = ["inner_kernel", "kernel"]

Compiled = TypeVar("Compiled", bound=Callable[..., object])

_SETTINGS: Final[Any] = numba.config
_PACKAGE: Final = Path(__file__).parent


def _places() -> Iterator[Path]:
    if _SETTINGS.CACHE_DIR:
        yield Path(_SETTINGS.CACHE_DIR)
    yield _PACKAGE / "__pycache__"
    with suppress(RuntimeError):  # Where nobody knows of a home.
        yield Path.home() / ".cache" / "rightrun"
    yield from _temporary()


def _temporary() -> Iterator[Path]:
    """A temporary folder, if nobody else can write to it."""
    folder = Path(tempfile.gettempdir()) / f"rightrun-kernels-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if (status.st_uid, status.st_mode) == (os.getuid(), stat.S_IFDIR | stat.S_IRWXU):
            yield folder


def _cache() -> str | None:
    """The folder that compiled functions are kept in; None where there is no place for one."""
    if not _PACKAGE.is_dir():
        return None
    text = sha256(b"".join(file.read_bytes() for file in sorted(_PACKAGE.rglob("*.py"))))
    for place in _places():
        folder = place / f"kernels-{text.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
        except OSError:
            continue
    return None


_CACHE: Final = _cache()


def kernel(function: Compiled) -> Compiled:
    """Compile `function` for arrays and numbers, keeping its signature for readers and tools."""
    return _compiled(function, is_inner=False)


def inner_kernel(function: Compiled) -> Compiled:
    """The same for a function that only kernels call. Python cannot: what it would call through is not made,
    which of a function of many arrays takes longer to compile than the function itself."""
    return _compiled(function, is_inner=True)


def _compiled(function: Compiled, *, is_inner: bool) -> Compiled:
    options: dict[str, Any] = {
        "cache": _CACHE is not None,
        "nogil": True,
        "error_model": "numpy",
        "no_cpython_wrapper": is_inner,
    }
    chosen: str = _SETTINGS.CACHE_DIR
    _SETTINGS.CACHE_DIR = _CACHE or chosen
    try:
        return cast(Compiled, numba.njit(**options)(function))
    finally:
        _SETTINGS.CACHE_DIR = chosen
