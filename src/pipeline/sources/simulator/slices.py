"""Intervals cut at clock hours, and what of them is visible at the end of the simulation."""

from dataclasses import dataclass

import numpy as np

from pipeline.sources.simulator.clock import HOUR_US, Bools, Ints


@dataclass(frozen=True, slots=True)
class Slices:
    """Pieces of intervals: `owner` is the interval, `last` says whether the piece ends it."""

    owner: Ints
    start_us: Ints
    end_us: Ints
    last: Bools


def cut_at_hours(start_us: Ints, end_us: Ints) -> Slices:
    """Each interval in pieces that end at clock hours; an empty interval is one empty piece."""
    first_hour = start_us // HOUR_US
    last_hour = np.maximum(first_hour, -(-end_us // HOUR_US) - 1)
    counts = last_hour - first_hour + 1
    owner = np.repeat(np.arange(len(start_us)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    hour = first_hour[owner] + within
    last = hour == last_hour[owner]
    return Slices(
        owner,
        np.maximum(start_us[owner], hour * HOUR_US),
        np.where(last, end_us[owner], (hour + 1) * HOUR_US),
        last,
    )


def visible_slices(start_us: Ints, end_us: Ints, now_us: int) -> Slices:
    """The slices written by `now_us`: of an interval still open, those whose hour has closed."""
    closed_us = now_us // HOUR_US * HOUR_US
    ended = end_us <= now_us
    shown = np.flatnonzero(ended | (start_us < closed_us))
    pieces = cut_at_hours(start_us[shown], np.where(ended, end_us, closed_us)[shown])
    owner = shown[pieces.owner]
    return Slices(owner, pieces.start_us, pieces.end_us, pieces.last & ended[owner])
