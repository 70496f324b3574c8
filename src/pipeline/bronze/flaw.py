"""One thing that can be wrong with a value: the condition under which it is, and a sentence on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Flaw:
    """Engines evaluate the sentence only for rows on which the condition holds, which are few."""

    holds: Column
    """May be NULL, which is as good as false."""
    sentence: Column


def any_of(flaws: Sequence[Flaw]) -> Column:
    """Whether a row has one of the flaws; NULL or false where it has none."""
    return reduce(Column.__or__, (flaw.holds for flaw in flaws), F.lit(False))


def first_of(flaws: Sequence[Flaw]) -> Column:
    """The sentence of a row's first flaw, of one or more that it may have; NULL where it has none."""
    # All in one CASE: within nested ones an engine gathers the remaining rows anew at each level.
    cases = F.when(flaws[0].holds, flaws[0].sentence)
    for flaw in flaws[1:]:
        cases = cases.when(flaw.holds, flaw.sentence)
    return cases
