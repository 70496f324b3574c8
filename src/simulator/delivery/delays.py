"""When rows arrive: some time after the event that they record, with the delivery of that day.

Delivery k has the rows that arrived in the day that ends k + 1 days after the start of the history;
the first has all older rows as well. A row may come late, and it may come twice.
"""

from dataclasses import dataclass

import numpy as np

from simulator.clock import DAY_US, MINUTE_US, Bools, Ints
from simulator.config import generator

_LATE_SHARE = 0.004
_TWICE_SHARE = 0.004
_FURTHEST = 30_000


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """The rows of a table in order of delivery, one delivered twice listed twice.

    Delivery k is rows[bounds[k] : bounds[k + 1]]; `late` and `twice` are the rows so delivered.
    """

    rows: Ints
    bounds: Ints
    late: Ints
    twice: Ints

    def of(self, delivery: int) -> Ints:
        """The rows of one delivery."""
        if delivery + 1 >= len(self.bounds):
            return self.rows[:0]
        return self.rows[self.bounds[delivery] : self.bounds[delivery + 1]]

    def only(self, stays: Bools) -> "DeliveryPlan":
        """The plan for the rows that stay, numbered among themselves."""
        position = np.cumsum(stays) - 1
        delivered = stays[self.rows]
        counts = np.concatenate([[0], np.cumsum(delivered)])
        return DeliveryPlan(
            position[self.rows[delivered]],
            counts[self.bounds],
            position[self.late[stays[self.late]]],
            position[self.twice[stays[self.twice]]],
        )

    def followed_by(self, other: "DeliveryPlan", size: int) -> "DeliveryPlan":
        """This plan, of `size` rows, and another whose rows are numbered after them."""
        most = max(len(self.bounds), len(other.bounds)) - 1
        parts = [
            np.concatenate([self.of(delivery), other.of(delivery) + size])
            for delivery in range(most)
        ]
        return DeliveryPlan(
            np.concatenate([self.rows[:0], *parts]),
            np.cumsum([0, *map(len, parts)]),
            np.concatenate([self.late, other.late + size]),
            np.concatenate([self.twice, other.twice + size]),
        )

    def first(self, size: int) -> Ints:
        """The delivery with which each of all `size` rows first arrives."""
        delivery = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))
        first = np.full(size, len(self.bounds), dtype=np.int64)
        np.minimum.at(first, self.rows, delivery)
        return first

    def before(self, deliveries: int, size: int) -> Bools:
        """Which of all `size` rows have arrived with the first deliveries."""
        has_arrived = np.zeros(size, dtype=bool)
        has_arrived[self.rows[: self.bounds[min(deliveries, len(self.bounds) - 1)]]] = True
        return has_arrived


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """The seed and the quirks by which rows arrive."""

    seed: int
    quirks: frozenset[str]
    start_us: int

    def latency_us(self, concern: str, rows: int, least: float, most: float) -> Ints:
        """Latency of each of a table's rows or runs; `least` and `most` in minutes, 0 without that quirk."""
        rng = generator(self.seed, f"latency of {concern}")
        drawn = (rng.uniform(least, most, rows) * MINUTE_US).astype(np.int64)
        return drawn * ("latency" in self.quirks)

    def plan(self, table: str, arrival_us: Ints, may_be_late: Bools | None = None) -> DeliveryPlan:
        """When a table's rows are delivered; only those that may be late ever are."""
        rng = generator(self.seed, f"arrival of {table}")
        size = len(arrival_us)
        late = rng.random(size) < _LATE_SHARE
        late &= "late_rows" in self.quirks
        if may_be_late is not None:
            late &= may_be_late
        days = rng.uniform(1, 6, size)
        arrival_us = arrival_us + np.where(late, (days * DAY_US).astype(np.int64), 0)
        again = rng.random(size) < _TWICE_SHARE
        twice = np.flatnonzero(again & ("delivered_twice" in self.quirks))
        again_us = arrival_us[twice] + (rng.uniform(0, 3, len(twice)) * DAY_US).astype(np.int64)
        rows = np.concatenate([np.arange(size), twice])
        return self._sorted(
            rows, np.concatenate([arrival_us, again_us]), np.flatnonzero(late), twice
        )

    def _sorted(self, rows: Ints, arrival_us: Ints, late: Ints, twice: Ints) -> DeliveryPlan:
        delivery = (arrival_us - 1 - self.start_us) // DAY_US
        delivery = np.clip(delivery, 0, _FURTHEST).astype(np.int16)
        order = np.argsort(delivery, kind="stable")
        last = int(delivery.max(initial=0))
        bounds = np.searchsorted(delivery[order], np.arange(last + 2))
        return DeliveryPlan(rows[order], bounds, late, twice)

    def written_order(self, table: str, delivery: int, rows: Ints) -> Ints:
        """The rows of a delivery in the order in which they are written."""
        if "out_of_order" not in self.quirks:
            return rows
        return generator(self.seed, f"order of {table}", delivery).permutation(rows)
