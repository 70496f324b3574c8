"""One thing that is wrong with a dashboard, and where; and its parts, read whatever they are."""

from collections.abc import Iterator
from typing import Any, NamedTuple

Part = dict[str, Any]


class Flaw(NamedTuple):
    """`place` is the way to it within the document: `pages[0].layout[2].widget`."""

    place: str
    what: str


def mapping(value: object) -> Part:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object, place: str) -> Iterator[tuple[str, Part]]:
    """The objects of a list, each with its place."""
    for number, entry in enumerate(value if isinstance(value, list) else []):
        yield f"{place}[{number}]", mapping(entry)
