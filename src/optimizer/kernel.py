"""How a loop over runs is compiled: once per machine, outside the interpreter lock.

Python's loop over a million runs takes seconds; the same loop compiled takes milliseconds. Every
compiled function of this package goes through `kernel`, so the choices are made in one place: the
machine code is cached on disk beside the module, the interpreter lock is released (buckets of jobs
run in parallel threads), divisions follow IEEE 754 instead of raising, and the order of operations
is kept (no fast-math), so a result does not depend on the machine's vector width.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["kernel"]

Compiled = TypeVar("Compiled", bound=Callable[..., object])


def kernel(function: Compiled) -> Compiled:
    """Compile `function` for arrays and numbers, keeping its signature for readers and tools."""
    return cast(Compiled, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
