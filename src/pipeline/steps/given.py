"""What a night gives to its steps beside tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The time that a night speaks of, and the settings that decide what its tables say."""

    as_of: datetime
    last_cost_day: date | None
    """The last day billed in full; None before any usage is known."""
    currency_code: str
    run_name_rules: Mapping[str, str]
    default_run_names: Sequence[str]

    def named(self, names: Iterable[str]) -> dict[str, object]:
        """Those of these names, as a step's function takes them."""
        return {name: getattr(self, name) for name in names}
