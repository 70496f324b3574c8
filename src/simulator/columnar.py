"""Columnar records: frozen dataclasses whose fields are arrays of one length, and operations on all
fields at once."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from simulator.clock import Bools, Ints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Records = TypeVar("Records", bound="DataclassInstance")


def take_rows(records: Records, rows: Ints | Bools) -> Records:
    """The records at the given rows (indices or a mask)."""
    return type(records)(*(getattr(records, field.name)[rows] for field in fields(records)))


def renumbered(stays: Bools, index: Ints) -> Ints:
    """Indices of rows as indices among the rows that stay; -1 for a row that does not."""
    position = np.cumsum(stays) - 1
    has_row = (index >= 0) & stays[np.maximum(index, 0)]
    return np.where(has_row, position[np.maximum(index, 0)], -1)


def concatenated(parts: Sequence[Records]) -> Records:
    """The records of all parts, one after the other."""
    columns = [
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(parts[0])
    ]
    return type(parts[0])(*columns)
