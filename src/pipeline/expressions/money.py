"""Sums of money, and beside each what it leaves out: the usage that has no price.

A sum without a price is not 0.00: whatever adds up `list_cost` adds up `unpriced_quantity` too, and
says in which unit it is.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.tables.silver.costs import MONEY_TYPE, SEVERAL_UNITS


def total(amount: Column | str) -> Column:
    """The sum of a group, 0 where nothing is in it."""
    return F.coalesce(F.sum(amount), F.lit(0)).cast(MONEY_TYPE)


def one_unit(unit: Column | str) -> Column:
    """The unit that a group's unpriced quantity is in; NULL where nothing is unpriced."""
    first, last = F.min(unit), F.max(unit)
    return F.when(first == last, first).when(first.isNotNull(), F.lit(SEVERAL_UNITS))


def unpriced_unit() -> Column:
    """The unit of a row of silver.usage_costs that has no price; NULL for the others."""
    return F.when(F.col("price_status") == "unpriced", F.col("usage_unit"))
