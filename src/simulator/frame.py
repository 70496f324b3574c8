"""Frames: frozen dataclasses whose fields are arrays of one length; what is done to all fields."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from simulator.clock import Bools, Ints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Frame = TypeVar("Frame", bound="DataclassInstance")


def chosen(frame: Frame, rows: Ints | Bools) -> Frame:
    """The frame at the given rows (indices or a mask)."""
    return type(frame)(*(getattr(frame, field.name)[rows] for field in fields(frame)))


def renumbered(kept: Bools, index: Ints) -> Ints:
    """Indices of rows as indices of the rows kept; -1 where there is none."""
    position = np.cumsum(kept) - 1
    known = (index >= 0) & kept[np.maximum(index, 0)]
    return np.where(known, position[np.maximum(index, 0)], -1)


def joined(frames: Sequence[Frame]) -> Frame:
    """The frames one after the other."""
    columns = [
        np.concatenate([getattr(frame, field.name) for frame in frames])
        for field in fields(frames[0])
    ]
    return type(frames[0])(*columns)
