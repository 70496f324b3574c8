"""What an SLA says, in the words people write it in: `45m`, `1h30m`, `06:30 Europe/Berlin`.

Words of the settings file and of the command line are read here; those of tags and of what was decided
by expressions over columns, in `pipeline.sla.declared`.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from pipeline.sla.time_zones import is_time_zone

__all__ = [
    "CLOCK",
    "DURATION",
    "DURATION_UNIT_SECONDS",
    "NEITHER",
    "NUMBER",
    "TRIPWIRE_MINUTE",
    "Terms",
    "read_terms",
]

CLOCK: Final = r"^([01]?[0-9]|2[0-3]):([0-5][0-9])(?:\s+([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*))?$"
NUMBER: Final = r"([0-9]+(?:\.[0-9]+)?)"
DURATION: Final = (
    rf"^(?:{NUMBER}\s*d(?:ays?)?)?\s*(?:{NUMBER}\s*h(?:ours?|rs?)?)?"
    rf"\s*(?:{NUMBER}\s*m(?:in(?:ute)?s?)?)?\s*(?:{NUMBER}\s*s(?:ec(?:ond)?s?)?)?$"
)
TRIPWIRE_MINUTE: Final = 60
"""A health rule of a second less than whole minutes is a tripwire, which promises nothing: tripwires are set
so, and would else come back as SLAs, of which a night would make shorter ones."""
DURATION_UNIT_SECONDS: Final = (86_400, 3_600, 60, 1)
NEITHER: Final = "neither a duration in d, h, m or s nor a time as HH:MM Europe/Berlin"
"""What words are that are no SLA. Without digits: reasons are counted without theirs."""
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Terms:
    """A limit in seconds, or a deadline by the clock of a zone."""

    kind: Literal["limit", "deadline"]
    limit_seconds: float | None = None
    time_of_day: str | None = None
    timezone: str | None = None

    @property
    def spelled(self) -> str:
        """As `read_terms` reads it: `06:30 Europe/Berlin`, `5400s`."""
        if self.kind == "deadline":
            return f"{self.time_of_day} {self.timezone}"
        return f"{Decimal(repr(self.limit_seconds)).normalize():f}s"


def read_terms(text: str) -> Terms:
    """`text` as an SLA, a clock without a zone being UTC; ValueError in a sentence otherwise."""
    words = text.strip()
    if clock := re.match(CLOCK, words, re.ASCII):
        zone = clock[3] or "UTC"
        if not is_time_zone(zone):
            raise ValueError(
                f"{zone[:_SHOWN]!r} is no time zone that every engine knows: write it as Europe/Berlin"
            )
        return Terms("deadline", time_of_day=f"{int(clock[1]):02d}:{clock[2]}", timezone=zone)
    spelled = re.match(DURATION, words.lower(), re.ASCII) if words else None
    if spelled:
        seconds = sum(
            float(part or 0) * unit
            for part, unit in zip(spelled.groups(), DURATION_UNIT_SECONDS, strict=True)
        )
        if 0 < seconds < 1e9:
            return Terms("limit", limit_seconds=seconds)
    raise ValueError(f"{text[:_SHOWN]!r} is {NEITHER}")
