"""What a night gives to its steps beside tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Days, both included, whose runs say nothing of what is usual: of these jobs, or of all for none."""

    first_day: date
    last_day: date
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The time that a night speaks of, and the settings that decide what its tables say."""

    as_of: datetime
    last_cost_day: date | None
    """The last day billed in full; None before any usage is known."""
    currency_code: str
    run_name_rules: Mapping[str, str]
    default_run_names: Sequence[str]
    holidays: Sequence[date]
    left_out: Sequence[LeftOut]
    """Freezes and backfills."""
    alert_floor_minutes: float
    alert_floor_cost: float

    def named(self, names: Iterable[str]) -> dict[str, object]:
        """Those of these names, as a step's function takes them."""
        return {name: getattr(self, name) for name in names}
