"""Whether pages can be drawn: their names, and widgets that lie on the grid and not on each other."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from pipeline.dashboards.lvdash.document import GRID
from pipeline.dashboards.lvdash.lint.flaw import Flaw, Part, listed, mapping

MOST_PAGES = 15
MOST_WIDGETS = 100
_KINDS = ("PAGE_TYPE_CANVAS", "PAGE_TYPE_GLOBAL_FILTERS")
_LEGACY_COLUMNS = 6
_COLUMNS = 12
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


class _Place(NamedTuple):
    x: int
    y: int
    width: int
    height: int

    def meets(self, other: "_Place") -> bool:
        beside = self.x + self.width <= other.x or other.x + other.width <= self.x
        below = self.y + self.height <= other.y or other.y + other.height <= self.y
        return not beside and not below


def page_flaws(document: Part) -> Iterator[Flaw]:
    pages = list(listed(document.get("pages"), "pages"))
    if not pages:
        yield Flaw("pages", "there is none")
    if len(pages) > MOST_PAGES:
        yield Flaw("pages", f"{len(pages)} are more than {MOST_PAGES}")
    kinds = [page.get("pageType") for _, page in pages]
    if kinds.count("PAGE_TYPE_GLOBAL_FILTERS") > 1:
        yield Flaw("pages", "two hold filters for all pages")
    names: set[str] = set()
    for place, page in pages:
        name = page.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield Flaw(f"{place}.name", "is no name: 1 to 60 letters, digits, _ and -")
        if str(name) in names:
            yield Flaw(f"{place}.name", f"another page is called {name}")
        names.add(str(name))
        if not page.get("displayName"):
            yield Flaw(place, "has no displayName")
        if page.get("pageType") not in _KINDS:
            yield Flaw(f"{place}.pageType", f"is none of {', '.join(_KINDS)}")
        yield from _layout_flaws(place, page)


def widgets(document: Part) -> Iterator[tuple[str, Part, Part]]:
    """Each widget with its place and its page."""
    for place, page in listed(document.get("pages"), "pages"):
        for where, entry in listed(page.get("layout"), f"{place}.layout"):
            yield f"{where}.widget", mapping(entry.get("widget")), page


def _layout_flaws(place: str, page: Part) -> Iterator[Flaw]:
    version = page.get("layoutVersion")
    if version is not None and version != GRID:
        yield Flaw(f"{place}.layoutVersion", f"is not {GRID}")
    columns = _COLUMNS if version == GRID else _LEGACY_COLUMNS
    layout = list(listed(page.get("layout"), f"{place}.layout"))
    if not layout:
        yield Flaw(f"{place}.layout", "is empty")
    if len(layout) > MOST_WIDGETS:
        yield Flaw(f"{place}.layout", f"{len(layout)} widgets are more than {MOST_WIDGETS}")
    names: set[str] = set()
    placed: list[tuple[str, _Place]] = []
    for where, entry in layout:
        name = mapping(entry.get("widget")).get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield Flaw(f"{where}.widget.name", "is no name: 1 to 60 letters, digits, _ and -")
        if str(name) in names:
            yield Flaw(f"{where}.widget.name", f"another widget of the page is called {name}")
        names.add(str(name))
        position = mapping(entry.get("position"))
        numbers = [position.get(side) for side in _Place._fields]
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
            yield Flaw(f"{where}.position", f"needs whole numbers {', '.join(_Place._fields)}")
            continue
        at = _Place(*(int(str(one)) for one in numbers))
        if at.x < 0 or at.y < 0 or at.width < 1 or at.height < 1:
            yield Flaw(f"{where}.position", "lies outside of the page, or is empty")
        if at.x + at.width > columns:
            yield Flaw(f"{where}.position", f"reaches beyond {columns} columns")
        placed.append((where, at))
    for (first, one), (second, other) in combinations(placed, 2):
        if one.meets(other):
            yield Flaw(f"{second}.position", f"overlaps {first}")
