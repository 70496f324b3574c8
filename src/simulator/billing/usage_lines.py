"""Usage before it is written: one line per metered stretch of compute inside one clock hour."""

from dataclasses import dataclass

import numpy as np

from simulator.clock import HOUR_US, Bools, Floats, Ints

PRODUCTS = ("JOBS", "ALL_PURPOSE", "SQL", "INTERACTIVE", "PREDICTIVE_OPTIMIZATION", "DATABASE",
            "DLT", "DEFAULT_STORAGE")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lines:
    """Usage in columns; -1 where a line has no run, cluster, node type, warehouse or label."""

    workspace: Ints
    run: Ints
    cluster: Ints
    node_type: Ints
    warehouse: Ints
    update: Ints
    """Index of the pipeline's update."""
    label: Ints
    """Index of the tags and owner of the line."""
    sku: Ints
    product: Ints
    serverless: Bools
    photon: Bools
    nameless: Bools
    """Whether the record names its job and not its run."""
    start_us: Ints
    end_us: Ints
    pico: Ints
    """Quantity in 1e-12 of the SKU's unit."""

    @property
    def size(self) -> int:
        return len(self.sku)


def lines(rows: int, **columns: Ints | Bools | int) -> Lines:
    """Lines from the columns given; a number stands for every row, a missing column for -1."""
    arrays = {}
    for name in Lines.__dataclass_fields__:
        default: int | bool = False if name in ("serverless", "photon", "nameless") else -1
        arrays[name] = np.broadcast_to(np.asarray(columns.get(name, default)), rows)
    return Lines(**arrays)


def quantity(dbu_per_hour: Floats, start_us: Ints, end_us: Ints) -> Ints:
    """DBU of a stretch in 1e-12, never on a rounding tie of nine decimals."""
    pico: Ints = np.rint(dbu_per_hour * ((end_us - start_us) / HOUR_US) * 1e12).astype(np.int64)
    return off_tie(pico)


def off_tie(pico: Ints) -> Ints:
    """Quantities in 1e-12 that lie halfway between two of nine decimals, moved by one."""
    moved: Ints = pico + (np.abs(pico) % 1000 == 500)
    return moved
