"""What people write into tags, read: team, owner, tier and SLA, whatever the spelling.

A key is compared in lower case with everything but letters and digits removed, so `Cost-Center`,
`cost_center` and `costcenter` are one key. Of several keys the first in the order below wins; of
several spellings of one key the alphabetically first.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.sla.terms import CLOCK, DURATION, DURATION_UNIT_SECONDS, NEITHER, NUMBER
from pipeline.sla.time_zones import time_zones

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
    place = F.array(*(F.lit(key) for key in keys))
    # By place among `keys`, and of the same place by spelling: each entry is looked at once.
    found = F.transform(
        F.map_entries(tags),
        lambda entry: F.struct(
            F.array_position(place, plain(entry["key"])).alias("place"),
            entry["key"].alias("key"),
            F.trim(entry["value"]).alias("value"),
        ),
    )
    wanted = F.filter(found, lambda entry: (entry["place"] > 0) & (entry["value"] != ""))
    first = F.get(F.sort_array(wanted), F.lit(0))
    return Tagged(first["value"], first["key"])


def team_name(value: Column) -> Column:
    """`Data Platform`, `data_platform` and `DATA-PLATFORM` are one team: `data-platform`."""
    return F.regexp_replace(F.lower(value), r"[\s_-]+", "-")


def tier(value: Column) -> Column:
    """1, 2 or 3 from the words people use; NULL for others."""
    word = plain(value)
    found = F.lit(None).cast("int")
    for number, words in TIER_WORDS.items():
        found = F.when(word.isin(*words), F.lit(number)).otherwise(found)
    return found


def known_zone(zone: Column) -> Column:
    """`zone` when it is one that every engine knows, else NULL: an unknown one would stop a query."""
    return F.when(zone.isin(*sorted(time_zones())), zone)


def with_declared_sla(
    jobs: DataFrame, *, tags: str, health_rules: str, timeout: Column, schedule_zone: Column
) -> DataFrame:
    """`jobs` with the SLA each declares: a tag, else its RUN_DURATION_SECONDS health rule, else its
    timeout (seconds, NULL for none), after which a run is killed and has missed.

    Adds sla_kind, sla_limit_seconds, sla_time_of_day, sla_timezone, sla_source and sla_problem (a tag
    that could not be read). `07:30` and `07:30 Europe/Berlin` are deadlines, in the schedule's zone
    unless they name one; `2h`, `1h30m`, `90 min`, `5400s` and `sla_minutes=90` are limits.

    Each step is a column of its own, so that no expression is spelled out, and evaluated, twice.
    """
    tag = tagged(F.col(tags), SLA_KEYS)
    text = F.col("_sla_text")
    words = F.lower(text)
    named_zone = F.regexp_extract(text, CLOCK, 3)
    unit_seconds = F.lit(None).cast("double")
    for key, seconds in LIMIT_UNIT_SECONDS.items():
        unit_seconds = F.when(F.col("_sla_plain_key") == key, float(seconds)).otherwise(
            unit_seconds
        )
    spelled_seconds = F.lit(0.0)
    for group, seconds in enumerate(DURATION_UNIT_SECONDS, start=1):
        part = F.regexp_extract(words, DURATION, group)
        spelled_seconds += F.coalesce(part.try_cast("double"), F.lit(0.0)) * seconds
    rule = F.get(
        F.filter(
            F.col(health_rules),
            lambda r: (r["metric"] == "RUN_DURATION_SECONDS") & (r["value"] > 0),
        ),
        F.lit(0),
    )
    read = (
        jobs.withColumn("_sla_text", tag.value)
        .withColumn("_sla_key", tag.key)
        .withColumn("_sla_plain_key", plain(F.col("_sla_key")))
        .withColumn("_sla_rule_seconds", rule["value"].cast("double"))
        .withColumn("_sla_timeout_seconds", timeout)
        .withColumn("_sla_is_clock", F.coalesce(text.rlike(CLOCK), F.lit(False)))
        .withColumn(
            "_sla_zone",
            known_zone(
                F.when(named_zone != "", named_zone).otherwise(
                    F.coalesce(schedule_zone, F.lit("UTC"))
                )
            ),
        )
        .withColumn(
            "_sla_tag_seconds",
            F.when(words.rlike(f"^{NUMBER}$"), words.try_cast("double") * unit_seconds).when(
                ~F.col("_sla_is_clock") & words.rlike(DURATION), spelled_seconds
            ),
        )
        .withColumn("_sla_is_deadline", F.col("_sla_is_clock") & F.col("_sla_zone").isNotNull())
    )
    is_deadline = F.col("_sla_is_deadline")
    tag_seconds = F.when(F.col("_sla_tag_seconds") > 0, F.col("_sla_tag_seconds"))
    limit = F.coalesce(tag_seconds, "_sla_rule_seconds", "_sla_timeout_seconds")
    time_of_day = F.concat(
        F.lpad(F.regexp_extract(text, CLOCK, 1), 2, "0"),
        F.lit(":"),
        F.regexp_extract(text, CLOCK, 2),
    )
    return (
        read.withColumn(
            "sla_kind", F.when(is_deadline, "deadline").when(limit.isNotNull(), "limit")
        )
        .withColumn("sla_limit_seconds", F.when(~is_deadline, limit))
        .withColumn("sla_time_of_day", F.when(is_deadline, time_of_day))
        .withColumn("sla_timezone", F.when(is_deadline, F.col("_sla_zone")))
        .withColumn(
            "sla_source",
            F.when(is_deadline | tag_seconds.isNotNull(), F.col("_sla_key"))
            .when(F.col("_sla_rule_seconds").isNotNull(), "health_rule")
            .when(F.col("_sla_timeout_seconds").isNotNull(), "timeout"),
        )
        .withColumn(
            "sla_problem",
            F.when(
                text.isNotNull() & ~is_deadline & tag_seconds.isNull(),
                F.concat(
                    F.lit("tag "),
                    F.col("_sla_key"),
                    F.lit("="),
                    F.substring(text, 1, 80),
                    F.lit(f" is {NEITHER}"),
                ),
            ),
        )
    )
