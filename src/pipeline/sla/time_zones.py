"""The time zones that people may name: those that Python and every engine know by one name and one set
of rules.

An engine stops a query that names a zone it does not know, and each knows others: Sail refuses
`europe/berlin`, `+02:00` and `localtime`, which is whatever a machine is set to; Apache Spark reads
`EST` as a fixed offset. Names of an area and a place in it are what all take from the zone database.
"""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

__all__ = ["is_time_zone", "time_zones"]

_AREAS: Final = frozenset(
    [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Europe",
        "Indian",
        "Mexico",
        "Pacific",
        "US",
    ]
)
_UTC: Final = frozenset({"UTC", "GMT", "Etc/UTC", "Etc/GMT"})
_TOO_NEW: Final = frozenset({"America/Coyhaique"})
"""Made in 2025, which Java 17 does not know everywhere yet."""


@cache
def time_zones() -> frozenset[str]:
    """Their names, spelled as they must be."""
    names = {name for name in available_timezones() if name.split("/")[0] in _AREAS}
    return frozenset(names - _TOO_NEW | _UTC)


def is_time_zone(name: str) -> bool:
    return name in time_zones()
