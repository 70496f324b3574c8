"""Names that submitted runs are given: what in them is new each time, and which of them say nothing.

Both are settings; these are their defaults, and what any other must be so that both engines read it alike.
"""

import re
from typing import Annotated, Final

from pydantic import Field, TypeAdapter
from pydantic_core import SchemaError

_SEPARATORS: Final = "[-_ .:#,@=(\\[{]"
_CLOSED: Final = "[)\\]}]?"
_YEAR: Final = "(?:19|20)[0-9]{2}"
_MONTH: Final = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK: Final = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?(?: ?[ap]m)?(?: ?z| ?utc|[-+][0-9]{2}:?[0-9]{2})?"
_COMPACT_CLOCK: Final = "[0-9]{2}[-_.h]?[0-9]{2}(?:[-_.m]?[0-9]{2})?(?:[.,][0-9]+)?z?"
_COMPACT_DATE: Final = f"{_YEAR}[01][0-9][0-3][0-9](?:[t_-]?[0-9]{{4,6}}z?)?"
_WEEKDAY: Final = "(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"

RUN_NAME_RULES: Final = {
    f"(?i){_SEPARATORS}*{pattern}{_CLOSED}": ""
    for pattern in (
        # A GUID, then a long hash.
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9a-f]{32,64}",
        # Dates, with a time of day or without: 2026-11-01T03:00:00Z, Sun Nov 1, 2026, 01.11.2026.
        f"{_YEAR}[-/._][01]?[0-9][-/._][0-3]?[0-9](?:[t _-]*(?:{_CLOCK}|{_COMPACT_CLOCK}))?",
        _CLOCK,
        f"{_WEEKDAY}{_MONTH}[ ._-]*[0-9]{{1,2}}(?:st|nd|rd|th)?,?[ ._-]*{_YEAR}",
        f"{_WEEKDAY}[0-9]{{1,2}}[ ._-]*{_MONTH}[ ._-]*{_YEAR}",
        f"[0-3]?[0-9][-/._][0-3]?[0-9][-/._]{_YEAR}",
        f"{_YEAR}-?w[0-9]{{2}}(?:-[1-7])?",
    )
} | {
    # 20261101, 20261101T0300; at the beginning seconds since 1970, at the end a month.
    f"(?i){_SEPARATORS}+{_COMPACT_DATE}": "",
    f"(?i)^(?:{_COMPACT_DATE}|1[5-9][0-9]{{8}}(?:[0-9]{{3}}){{0,3}})(?:{_SEPARATORS}+|$)": "",
    f"{_SEPARATORS}+{_YEAR}[-_./][01][0-9]{_CLOSED}$": "",
    # A ULID of these decades.
    f"(?i){_SEPARATORS}*01[0-9a-hjkmnp-tv-z]{{24}}{_CLOSED}": "",
    # At the end a short hash, a number of five digits or more, and a shorter one that counts runs.
    f"(?i){_SEPARATORS}+[0-9a-f]{{7,31}}{_CLOSED}$": "",
    f"(?:{_SEPARATORS}+[0-9]{{5,}}(?:[.][0-9]+)?{_CLOSED})+$": "",
    f"(?i)(?:^|{_SEPARATORS}+)(?:run|attempt|try|retry|build|iteration|execution|no|nr)"
    f"(?:{_SEPARATORS}*(?:number|no|nr))?{_SEPARATORS}*[0-9]+(?: ?(?:of|/) ?[0-9]+)?{_CLOSED}$": "",
    f"{_SEPARATORS}*# ?[0-9]+{_CLOSED}$": "",
}
"""What is new in a name each time. Shorter numbers stay: `shard_3` is not `shard_4`."""

DEFAULT_RUN_NAMES: Final = (
    "untitled|unnamed|no[-_]?name|new|my|default|tests?|temp|tmp|debug|demo|main|model",
    "manual|once|ad[-_]?hoc|one[-_]?(?:time|off)|scheduled|submit(?:ted)?|execut(?:e|ion)",
    "(?:(?:asset|dataset)[-_])?triggered|backfill",
    "(?:run|job|task|notebook|pipeline|workflow|script|query|command|process|batch|flow|dag|step)s?",
    "api|etl|elt|python|sql|spark|dbt|adf|airflow|databricks|azure",
)


def refuse_pattern(pattern: str) -> None:
    """ValueError for what one of the engines cannot read (Rust's expressions or Java's), and for what
    they read differently."""
    try:
        re.compile(pattern)
        TypeAdapter(Annotated[str, Field(pattern=pattern)])
    except (re.error, SchemaError) as error:
        why = str(error).strip().splitlines()[-1].strip()
        raise ValueError(
            f"{pattern!r} is no regular expression that both engines read ({why}): look-around and"
            " back-references are none"
        ) from error
    if "(?P<" in pattern or "[[" in pattern:
        raise ValueError(
            f"{pattern!r} names a group or nests a class: the engines read it differently"
        )
    if re.search(pattern, ""):
        raise ValueError(f"{pattern!r} matches where there is nothing: say what it must find")
