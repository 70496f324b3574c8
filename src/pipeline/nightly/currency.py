"""Whether the source has prices in the currency that costs are to be told in."""

from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.positions import Positions
from pipeline.tables import bronze

_READER = "currency"


def refuse_unpriced(lakehouse: Lakehouse, positions: Positions, currency_code: str) -> None:
    """UserError where there are prices and none in the currency: every cost would be nought."""
    prices = bronze.LIST_PRICES
    position = f"{currency_code} at version {lakehouse.version(prices)}"
    if positions.of(_READER, prices.full_name) == position:
        return
    rows = lakehouse.read(prices).select("currency_code").distinct().collect()
    priced = sorted(row["currency_code"] for row in rows if row["currency_code"])
    if priced and currency_code not in priced:
        raise UserError(
            f"setting currency_code is {currency_code}, and the source has prices in"
            f" {', '.join(priced)} only: set one of those"
        )
    positions.set_all(_READER, {prices.full_name: position})
