"""Identifiers that look like the platform's: long numbers for jobs and runs, hex for machines.

Numbers are ordinals multiplied by an odd constant modulo 2^49, hence distinct as long as their
ordinals are, and the same whoever asks. They are unique inside one workspace only, as on the
platform: the first ordinals of every workspace give the same numbers, so a join without
workspace_id goes wrong here.
"""

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator.clock import Ints

_BITS = np.uint64(2**49 - 1)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST = 100_000_000_000_000
_WORKSPACE_STRIDE = 2**40
SHARED_ORDINALS = 40
WORKSPACE_IDS = tuple(str(5_206_439_413_157_315 + index * 1_318_927_640_211) for index in range(20))


def numbers(ordinals: Ints, workspace: Ints, salt: int) -> Ints:
    """A 15-digit number for each ordinal of its workspace; `salt` tells kinds of ids apart."""
    apart = np.where(ordinals < SHARED_ORDINALS, 0, workspace * _WORKSPACE_STRIDE)
    scattered: Ints = (((ordinals + apart + salt).astype(np.uint64) * _ODD) & _BITS).astype(
        np.int64
    )
    return scattered + _FIRST


def ordinals_within(group: Ints) -> Ints:
    """0, 1, 2, ... inside each group, in order of appearance."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.searchsorted(ordered, ordered, side="left")
    within = np.empty(len(group), dtype=np.int64)
    within[order] = np.arange(len(group)) - first
    return within


def hex_strings(rng: np.random.Generator, rows: int, prefix: str, digits: int = 17) -> pa.Array:
    """Random identifiers such as i-0a1b2c3d4e5f60718."""
    alphabet = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.empty((rows, len(prefix) + digits), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    text[:, len(prefix) :] = alphabet[rng.integers(0, 16, size=(rows, digits), dtype=np.uint8)]
    offsets = np.arange(rows + 1, dtype=np.int32) * text.shape[1]
    return pa.Array.from_buffers(
        pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )
