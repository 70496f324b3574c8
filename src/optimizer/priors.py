"""What is taken of a job before its own runs have spoken, as all jobs of an account have taught it.

An effect is what a kind of day adds to the log of a duration. A share of jobs has it, and among these it is
normal around a typical one: shrinkage as in empirical Bayes (Efron and Morris, JASA 70, 1975). What is shipped
holds where nothing has been learned yet.
"""

import math
from dataclasses import dataclass, fields
from typing import Final

__all__ = ["SHIPPED", "Effect", "FleetPriors"]


@dataclass(frozen=True, slots=True)
class Effect:
    """How common an effect is, and how large; ValueError for a share outside [0, 1] or no spread."""

    share: float
    """Of jobs, those that have it."""
    log_effect: float
    """What it typically adds among them: log units."""
    spread_log: float
    """Its standard deviation among them: log units."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise ValueError(f"share must be in [0, 1], got {self.share!r}")
        if not math.isfinite(self.log_effect):
            raise ValueError(f"log_effect must be finite, got {self.log_effect!r}")
        if not (math.isfinite(self.spread_log) and self.spread_log > 0.0):
            raise ValueError(f"spread_log must be positive and finite, got {self.spread_log!r}")


@dataclass(frozen=True, slots=True)
class FleetPriors:
    """The effects that forecasts and baselines share."""

    last_of_month: Effect
    first_of_month: Effect

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))


SHIPPED: Final = FleetPriors(
    last_of_month=Effect(share=0.1, log_effect=0.6, spread_log=0.5),
    first_of_month=Effect(share=0.1, log_effect=0.6, spread_log=0.5),
)
"""Until the nights of an account have learned their own."""
