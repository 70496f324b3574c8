"""Which signals are one incident: those of one cause that concern one team."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pipeline.alerts.incidents import Incident, State
from pipeline.alerts.signals import PLATFORM, Signal

__all__ = ["Key", "grouped", "is_origin", "newest_of", "turn"]

Key = tuple[str, str]
"""A cause and a team."""


def newest_of(incidents: Iterable[Incident]) -> dict[Key, Incident]:
    """The last incident of each cause and team."""
    newest: dict[Key, Incident] = {}
    for one in incidents:
        if one.key not in newest or one.opening > newest[one.key].opening:
            newest[one.key] = one
    return newest


def grouped(
    signals: Iterable[Signal], incidents: Mapping[Key, Incident]
) -> dict[Key, list[Signal]]:
    """The signals of each incident.

    What people know as a part of an open incident stays there for as long as it holds, also where another job
    before it has failed since, or the first has recovered: else they would hear that it is over.
    """
    homes: dict[Key, set[Key]] = defaultdict(set)
    for key, incident in incidents.items():
        if incident.state is State.OPEN:
            for known in set(incident.told).intersection(incident.holding):
                homes[known.split(" ", 1)[1], incident.team].add(key)
    groups: dict[Key, list[Signal]] = defaultdict(list)
    for one in signals:
        # What the platform or a source has done is one incident for all.
        natural = one.cause, one.team if one.cause.startswith("job/") else PLATFORM
        known_in = homes[one.subject, one.team] | homes[one.subject, PLATFORM]
        key = natural if natural in known_in else min(known_in, default=natural)
        groups[key].append(one)
    return groups


def is_origin(signal: Signal) -> bool:
    """Whether its job is where it comes from."""
    return signal.cause == f"job/{signal.subject}"


def turn(key: Key, signals: Sequence[Signal]) -> tuple[bool, int, str, str]:
    """When an incident is decided on: before those that it may hold, and urgent ones first."""
    cause, team = key
    is_first = team == PLATFORM or any(map(is_origin, signals))
    return not is_first, min((one.tier for one in signals), default=3), cause, team
