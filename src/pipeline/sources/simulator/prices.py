"""List prices: windows in time, two currencies, one promotion, and SKUs without a price.

Prices are integers of 1e-12 of the currency. Some have more than nine decimals on purpose, none
lies on a rounding tie there, so every way of rounding to nine decimals agrees.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.sources.simulator.clock import DAY_US, Bools, Ints
from pipeline.sources.simulator.columns import (
    coded,
    constant,
    decimals,
    struct_of,
    table_of,
    timestamps,
)
from pipeline.tables import source
from pipeline.tables.derive import arrow_type

CLOUD = "AWS"
CURRENCIES = ("USD", "EUR")
_EUR_PER_USD = 0.921734561237
_PICO = 10**12

JOBS, JOBS_PHOTON, JOBS_SERVERLESS, ALL_PURPOSE, SQL_PRO, SQL_SERVERLESS, INTERACTIVE = range(7)
UNPRICED, FREE = 7, 8
# Name, list price in USD per DBU, factor after the change inside the window, promotional factor.
_SKUS: tuple[tuple[str, float | None, float, float | None], ...] = (
    ("PREMIUM_JOBS_COMPUTE", 0.15, 1.1, None),
    ("PREMIUM_JOBS_COMPUTE_(PHOTON)", 0.15, 1.1, None),
    ("PREMIUM_JOBS_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", 0.5, 1.0, 0.7),
    ("PREMIUM_ALL_PURPOSE_COMPUTE", 0.55, 1.05, None),
    ("PREMIUM_SQL_PRO_COMPUTE_US_EAST_N_VIRGINIA", 0.55, 1.0, None),
    ("PREMIUM_SERVERLESS_SQL_COMPUTE_US_EAST_N_VIRGINIA", 0.7, 1.0, None),
    ("PREMIUM_ALL_PURPOSE_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", 0.95, 1.0, None),
    ("PREMIUM_DATABASE_SERVERLESS_COMPUTE_US_EAST_N_VIRGINIA", None, 1.0, None),
    ("PREMIUM_JOBS_SERVERLESS_COMPUTE_FREE_USAGE", None, 1.0, None),
)
SKU_NAMES = tuple(name for name, _, _, _ in _SKUS)


@dataclass(frozen=True, slots=True)
class Prices:
    """Windows of prices: half-open, `end_us` valid only where `closed`."""

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
        found = np.zeros(len(sku), dtype=bool)
        for row in np.flatnonzero(self.currency == currency):
            inside = (sku == self.sku[row]) & (at_us >= self.start_us[row])
            if self.closed[row]:
                inside &= at_us < self.end_us[row]
            price[inside] = self.effective_pico[row]
            found |= inside
        return price, found


def simulated_prices(start_us: int, now_us: int) -> Prices:
    """One price from two years before the window, another from a midnight late in it."""
    change_us = (start_us + int(0.6 * (now_us - start_us))) // DAY_US * DAY_US
    first_us = start_us // DAY_US * DAY_US - 730 * DAY_US
    rows = []
    for sku, (_, usd, factor, promotion) in enumerate(_SKUS):
        if usd is None:
            continue
        for currency, rate in enumerate((1.0, _EUR_PER_USD)):
            windows = [(first_us, 0, False, usd)]
            if factor != 1.0:
                windows = [(first_us, change_us, True, usd), (change_us, 0, False, usd * factor)]
            for start, end, closed, price in windows:
                listed = round(price * rate * _PICO)
                effective = listed if promotion is None else round(price * rate * promotion * _PICO)
                rows.append(
                    (sku, currency, start, end, closed, listed, promotion is not None, effective)
                )
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Prices(*columns)


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
            "usage_unit": constant("DBU", rows),
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
