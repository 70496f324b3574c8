"""Sums of doubles that are the same in whatever order their rows come.

Doubles that are added leave a rest that depends on the order, and the last digit with it: a table would
be written anew for nothing, and an incremental night would differ from a rebuilt home. So whole numbers
are added, of as many digits behind the point as are asked for.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

_MICROS = 6


def exact_sum(amount: Column, digits: int = _MICROS) -> Column:
    """The sum of a double; NULL where there is no value."""
    parts = 10.0**digits
    return F.sum(F.round(amount * parts).cast("bigint")) / parts


def exact_mean(amount: Column, digits: int = _MICROS) -> Column:
    """The mean of a double; NULL where there is no value."""
    return exact_sum(amount, digits) / F.nullif(F.count(amount), F.lit(0))
