"""Identifiers that look like the platform's: long numbers for jobs and runs, hex for machines.

Numbers are ordinals multiplied by an odd constant modulo 2^49, hence distinct as long as their
ordinals are, and the same whoever asks. They are unique inside one workspace only, as on the
platform: the first ordinals of every workspace give the same numbers, so a join without
workspace_id goes wrong here.
"""

from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.clock import Ints

_BITS = np.uint64(2**49 - 1)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST = 100_000_000_000_000
_WORKSPACE_STRIDE = 2**40
SHARED_ORDINALS = 40
WORKSPACE_IDS = tuple(str(5_206_439_413_157_315 + index * 1_318_927_640_211) for index in range(20))


def numbers(ordinals: Ints, workspace: Ints, salt: int, may_share: bool) -> Ints:
    """A 15-digit number for each ordinal of its workspace; `salt` tells kinds of ids apart."""
    shared = SHARED_ORDINALS if may_share else 0
    apart = np.where(ordinals < shared, 0, workspace * _WORKSPACE_STRIDE)
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


def hex_ids(ordinals: Ints, kind: str, prefix: str = "", digits: int = 16) -> pa.Array:
    """Identifiers such as i-0a1b2c3d4e5f6071: the mixed bits of the ordinals of one kind.

    The mixer is SplitMix64 (Steele, Lea and Flood 2014), one to one on 64 bits.
    """
    alphabet = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    words = -(-digits // 16)
    text = np.empty((len(ordinals), len(prefix) + 16 * words), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    for word in range(words):
        mixed = _mixed(ordinals, f"{kind}.{word}")
        octets = mixed.byteswap().view(np.uint8).reshape(len(ordinals), 8)
        at = len(prefix) + 16 * word
        text[:, at : at + 16 : 2] = alphabet[octets >> 4]
        text[:, at + 1 : at + 16 : 2] = alphabet[octets & 15]
    return _strings(text[:, : len(prefix) + digits])


def cluster_ids(ordinals: Ints) -> pa.Array:
    """Identifiers such as 1123-142536-0a1b2c3d."""
    mixed = _mixed(ordinals, "cluster")
    digits = (mixed >> np.uint64(40)) % np.uint64(10**6)
    places = 10 ** np.arange(5, -1, -1, dtype=np.uint64)
    figures = ((digits[:, None] // places) % np.uint64(10)).astype(np.uint8) + ord("0")
    hexes = hex_ids(ordinals, "cluster tail", digits=8)
    tail = np.frombuffer(hexes.buffers()[2], dtype=np.uint8).reshape(-1, 8)
    text = np.empty((len(ordinals), 20), dtype=np.uint8)
    text[:, :5] = np.frombuffer(b"1123-", dtype=np.uint8)
    text[:, 5:11] = figures
    text[:, 11] = ord("-")
    text[:, 12:] = tail[: len(ordinals)]
    return _strings(text)


def warehouse_ids(ordinals: Ints) -> pa.Array:
    """Sixteen hexadecimal digits each; NULL at -1."""
    ids = hex_ids(np.maximum(ordinals, 0), "warehouse")
    return pc.if_else(pa.array(ordinals >= 0), ids, None)


def _mixed(ordinals: Ints, kind: str) -> Any:
    state = ordinals.astype(np.uint64) + (np.uint64(crc32(kind.encode())) << np.uint64(32))
    state = (state + np.uint64(1)) * _ODD
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _strings(text: Any) -> pa.Array:
    """Rows of characters as strings."""
    rows, width = text.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.Array.from_buffers(
        pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))]
    )
