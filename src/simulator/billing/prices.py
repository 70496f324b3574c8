"""List prices: windows in time, two currencies, one promotion, and SKUs without a price.

Prices are integers of 1e-12 of the currency. Some have more than nine decimals on purpose, none
lies on a rounding tie there, so every way of rounding to nine decimals agrees.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator.clock import DAY_US, Bools, Ints
from simulator.columns import (
    coded,
    constant,
    decimals,
    struct_of,
    table_of,
    timestamps,
)

CLOUD = "AWS"
CURRENCIES = ("USD", "EUR")
_EUR_PER_USD = 0.921734561237
_PICO = 10**12
_FIRST_CHANGE_DAY, _CHANGE_EVERY_DAYS = 5, 45

JOBS, JOBS_PHOTON, JOBS_SERVERLESS, ALL_PURPOSE, SQL_PRO, SQL_SERVERLESS, INTERACTIVE = range(7)
UNPRICED, FREE, STORAGE = 7, 8, 9
# Name, list price in USD per unit, factor at each change of price, promotional factor, unit.
_SKUS: tuple[tuple[str, float | None, float, float | None, str], ...] = (
    ("PREMIUM_JOBS_COMPUTE", 0.15, 1.1, None, "DBU"),
    ("PREMIUM_JOBS_COMPUTE_(PHOTON)", 0.15, 1.1, None, "DBU"),
    ("PREMIUM_JOBS_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", 0.5, 1.0, 0.7, "DBU"),
    ("PREMIUM_ALL_PURPOSE_COMPUTE", 0.55, 1.05, None, "DBU"),
    ("PREMIUM_SQL_PRO_COMPUTE_US_EAST_N_VIRGINIA", 0.55, 1.0, None, "DBU"),
    ("PREMIUM_SERVERLESS_SQL_COMPUTE_US_EAST_N_VIRGINIA", 0.7, 1.0, None, "DBU"),
    ("PREMIUM_ALL_PURPOSE_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", 0.95, 1.0, None, "DBU"),
    ("PREMIUM_DATABASE_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", None, 1.0, None, "DBU"),
    ("PREMIUM_JOBS_SERVERLESS_COMPUTE_FREE_USAGE", None, 1.0, None, "DBU"),
    ("PREMIUM_DATABRICKS_STORAGE_US_EAST_N_VIRGINIA", 0.026, 1.0, None, "DSU"),
)
SKU_NAMES = tuple(name for name, _, _, _, _ in _SKUS)
SKU_UNITS = tuple(unit for _, _, _, _, unit in _SKUS)


@dataclass(frozen=True, slots=True)
class Prices:
    """Windows of prices: half-open, `end_us` valid only where `closed`; where two windows overlap
    the later one holds."""

    sku: Ints
    currency: Ints
    start_us: Ints
    end_us: Ints
    closed: Bools
    list_pico: Ints
    promotional: Bools
    effective_pico: Ints

    def effective_at(self, sku: Ints, at_us: Ints, currency: int) -> tuple[Ints, Bools]:
        """The effective price of each SKU at a time, and whether there is one."""
        price = np.zeros(len(sku), dtype=np.int64)
        has_price = np.zeros(len(sku), dtype=bool)
        for row in np.flatnonzero(self.currency == currency):
            inside = (sku == self.sku[row]) & (at_us >= self.start_us[row])
            if self.closed[row]:
                inside &= at_us < self.end_us[row]
            price[inside] = self.effective_pico[row]
            has_price |= inside
        return price, has_price


def simulated_prices(quirks: frozenset[str], start_us: int, now_us: int) -> Prices:
    """The prices known by now: of two years before the history, then from some midnights on."""
    midnight_us = start_us // DAY_US * DAY_US
    days = range(_FIRST_CHANGE_DAY, (now_us - midnight_us) // DAY_US + 1, _CHANGE_EVERY_DAYS)
    begins = [midnight_us - 730 * DAY_US, *(midnight_us + day * DAY_US for day in days)]
    reach_us = 2 * DAY_US if "overlapping_prices" in quirks else 0
    rows = []
    for sku, (_, usd, factor, promotion, _) in enumerate(_SKUS):
        if usd is None:
            continue
        changes = factor != 1.0 and "price_changes" in quirks
        starts = begins if changes else begins[:1]
        cheaper = promotion if promotion and "promotional_prices" in quirks else 1.0
        for currency, rate in enumerate((1.0, _EUR_PER_USD)):
            if currency and "currencies" not in quirks:
                continue
            for number, begin in enumerate(starts):
                closed = number + 1 < len(starts)
                # Only one SKU's window reaches into the next.
                end = starts[number + 1] + reach_us * (sku == JOBS) if closed else 0
                price = usd * rate * factor**number * _PICO
                listed, effective = _off_tie(round(price)), _off_tie(round(price * cheaper))
                rows.append((sku, currency, begin, end, closed, listed, cheaper != 1.0, effective))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Prices(*columns)


def _off_tie(pico: int) -> int:
    return pico + (pico % 1000 == 500)


def list_prices(prices: Prices) -> Any:
    """system.billing.list_prices."""
    rows = len(prices.sku)
    kind = arrow_type(source.LIST_PRICES.column("pricing").type)
    money = {
        "default": decimals(prices.list_pico),
        "promotional": struct_of(
            kind.field("promotional").type,
            rows,
            {"default": decimals(prices.effective_pico)},
            prices.promotional,
        ),
        "effective_list": struct_of(
            kind.field("effective_list").type, rows, {"default": decimals(prices.effective_pico)}
        ),
    }
    return table_of(
        source.LIST_PRICES,
        rows,
        {
            "price_start_time": timestamps(prices.start_us),
            "price_end_time": timestamps(prices.end_us, prices.closed),
            "sku_name": coded(SKU_NAMES, prices.sku),
            "cloud": constant(CLOUD, rows),
            "currency_code": coded(CURRENCIES, prices.currency),
            "usage_unit": coded(SKU_UNITS, prices.sku),
            "pricing": struct_of(kind, rows, money),
        },
    )


def nano(pico: Ints) -> Any:
    """Integers of 1e-12, rounded to nine decimals, as decimal(18,9)."""
    rounded = np.sign(pico) * ((np.abs(pico) + 500) // 1000)
    words = np.stack([rounded, rounded >> 63], axis=1)
    return pa.Array.from_buffers(
        pa.decimal128(18, 9), len(pico), [None, pa.py_buffer(np.ascontiguousarray(words))]
    )
