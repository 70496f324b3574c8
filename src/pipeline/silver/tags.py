"""What people write into tags, read: team, owner, tier and SLA, whatever the spelling.

A key is compared in lower case with everything but letters and digits removed, so `Cost-Center`,
`cost_center` and `costcenter` are one key. Of several keys the first in the order below wins; of
several spellings of one key the alphabetically first.
"""

import zoneinfo
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

TEAM_KEYS = ("team", "owningteam", "datateam", "squad", "costcenter", "department")
OWNER_KEYS = ("owner", "owneremail", "contact", "maintainer")
TIER_KEYS = ("tier", "criticality", "priority")
LIMIT_UNIT_SECONDS = {"slaseconds": 1, "slaminutes": 60, "slahours": 3600}
SLA_KEYS = ("sladeadline", "deadline", "sla", *LIMIT_UNIT_SECONDS)

TIER_WORDS = {
    1: ("1", "tier1", "p1", "critical", "high", "gold"),
    2: ("2", "tier2", "p2", "important", "medium", "standard", "silver"),
    3: ("3", "tier3", "p3", "low", "bronze"),
}

_CLOCK = r"^([01]?[0-9]|2[0-3]):([0-5][0-9])(?:\s+([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*))?$"
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_DURATION = (
    rf"^(?:{_NUMBER}\s*d(?:ays?)?)?\s*(?:{_NUMBER}\s*h(?:ours?|rs?)?)?"
    rf"\s*(?:{_NUMBER}\s*m(?:in(?:ute)?s?)?)?\s*(?:{_NUMBER}\s*s(?:ec(?:ond)?s?)?)?$"
)
_DURATION_UNIT_SECONDS = (86_400, 3_600, 60, 1)


def _time_zones() -> list[str]:
    """Zones every engine knows: area/place names, and UTC."""
    names = zoneinfo.available_timezones()
    return sorted({name for name in names if "/" in name and not name.startswith("Etc/")} | {"UTC"})


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag found by one of several keys: its trimmed value and its key as spelled."""

    value: Column
    key: Column


def plain(word: Column) -> Column:
    """Lower case, letters and digits only."""
    return F.regexp_replace(F.lower(word), "[^a-z0-9]", "")


def tagged(tags: Column, keys: tuple[str, ...]) -> Tagged:
    """The first tag among `keys` with a value; both NULL when there is none."""
    entries = F.sort_array(F.map_entries(tags))

    def spelled(key: str) -> Column:
        return F.get(
            F.filter(entries, lambda e: (plain(e["key"]) == key) & (F.trim(e["value"]) != "")),
            F.lit(0),
        )

    first = F.coalesce(*(spelled(key) for key in keys))
    return Tagged(F.trim(first["value"]), first["key"])


def tier(value: Column) -> Column:
    """1, 2 or 3 from the words people use; NULL for others."""
    word = plain(value)
    found = F.lit(None).cast("int")
    for number, words in TIER_WORDS.items():
        found = F.when(word.isin(*words), F.lit(number)).otherwise(found)
    return found


def known_zone(zone: Column) -> Column:
    """`zone` when it is one that every engine knows, else NULL: an unknown one would stop a query."""
    return F.when(zone.isin(*_time_zones()), zone)


@dataclass(frozen=True, slots=True)
class DeclaredSla:
    """An SLA as read from tags or a health rule; `problem` when a tag could not be read."""

    kind: Column
    limit_seconds: Column
    time_of_day: Column
    timezone: Column
    source: Column
    problem: Column


def declared_sla(tags: Column, health_rules: Column, schedule_zone: Column) -> DeclaredSla:
    """The SLA a job declares: a tag first, else its RUN_DURATION_SECONDS health rule.

    `07:30` and `07:30 Europe/Berlin` are deadlines, in the schedule's zone unless they name one;
    `2h`, `1h30m`, `90 min`, `5400s` and `sla_minutes=90` are limits.
    """
    tag = tagged(tags, SLA_KEYS)
    plain_key = plain(tag.key)
    value = F.lower(tag.value)

    is_clock = tag.value.rlike(_CLOCK)
    hour = F.lpad(F.regexp_extract(tag.value, _CLOCK, 1), 2, "0")
    minute = F.regexp_extract(tag.value, _CLOCK, 2)
    named_zone = F.regexp_extract(tag.value, _CLOCK, 3)
    zone = F.when(named_zone != "", known_zone(named_zone)).otherwise(
        F.coalesce(known_zone(schedule_zone), F.lit("UTC"))
    )

    unit_seconds = F.lit(None).cast("double")
    for key, seconds in LIMIT_UNIT_SECONDS.items():
        unit_seconds = F.when(plain_key == key, F.lit(float(seconds))).otherwise(unit_seconds)
    is_number = value.rlike(f"^{_NUMBER}$") & unit_seconds.isNotNull()
    is_duration = value.rlike(_DURATION) & ~is_clock
    spelled_seconds = F.lit(0.0)
    for group, seconds in enumerate(_DURATION_UNIT_SECONDS, start=1):
        part = F.regexp_extract(value, _DURATION, group)
        spelled_seconds = spelled_seconds + F.when(
            part != "", part.try_cast("double") * seconds
        ).otherwise(F.lit(0.0))
    tag_limit = F.when(is_number, value.try_cast("double") * unit_seconds).when(
        is_duration, spelled_seconds
    )
    tag_limit = F.when(tag_limit > 0, tag_limit)
    is_deadline = F.coalesce(is_clock & zone.isNotNull(), F.lit(False))

    rule = F.get(
        F.filter(
            health_rules,
            lambda r: (r["metric"] == "RUN_DURATION_SECONDS") & (r["value"] > 0),
        ),
        F.lit(0),
    )["value"].cast("double")
    limit = F.coalesce(tag_limit, rule)
    return DeclaredSla(
        kind=F.when(is_deadline, F.lit("deadline")).when(limit.isNotNull(), F.lit("limit")),
        limit_seconds=F.when(~is_deadline, limit),
        time_of_day=F.when(is_deadline, F.concat(hour, F.lit(":"), minute)),
        timezone=F.when(is_deadline, zone),
        source=F.when(is_deadline | tag_limit.isNotNull(), tag.key).when(
            rule.isNotNull(), F.lit("health_rule")
        ),
        problem=F.when(
            tag.value.isNotNull() & ~is_deadline & tag_limit.isNull(),
            F.concat(
                F.lit("tag "),
                tag.key,
                F.lit("="),
                F.substring(tag.value, 1, 80),
                F.lit(" is neither a duration such as 90m nor a time such as 07:30 Europe/Berlin"),
            ),
        ),
    )
