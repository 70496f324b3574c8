"""The SLA that a job declares itself: in a tag, by a health rule, or by its timeout.

The words of a tag are those that `pipeline.sla.terms` reads, here as expressions over columns;
`tests/sla/test_terms.py` holds the two together.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.expressions.tags import letters_and_digits, tagged
from pipeline.sla.terms import (
    CLOCK,
    DURATION,
    DURATION_UNIT_SECONDS,
    NEITHER,
    NUMBER,
    TRIPWIRE_MINUTE,
)
from pipeline.sla.time_zones import time_zones

__all__ = ["known_zone", "with_declared_sla", "with_terms"]

_UNIT_SECONDS: Final = {"slaseconds": 1, "slaminutes": 60, "slahours": 3600}
_KEYS: Final = ("sladeadline", "deadline", "sla", *_UNIT_SECONDS)


def known_zone(zone: Column) -> Column:
    """`zone` when it is one that every engine knows, else NULL: an unknown one would stop a query."""
    return F.when(zone.isin(*sorted(time_zones())), zone)


def with_terms(rows: DataFrame, words: str, *, zone: Column, unit_seconds: Column) -> DataFrame:
    """`rows` with what the words in the column `words` say: sla_kind, sla_limit_seconds,
    sla_time_of_day and sla_timezone, all NULL where they are no SLA.

    `07:30` and `07:30 Europe/Berlin` are deadlines, in `zone` or UTC unless they name one; `2h`,
    `1h30m`, `90 min` and `5400s` are limits, and so is a bare number of a unit of `unit_seconds`.

    Each step is a column of its own, so that no expression is spelled out, and evaluated, twice.
    """
    text, lower = F.col(words), F.lower(F.col(words))
    named_zone = F.regexp_extract(text, CLOCK, 3)
    spelled_seconds = F.lit(0.0)
    for group, seconds in enumerate(DURATION_UNIT_SECONDS, start=1):
        part = F.regexp_extract(lower, DURATION, group)
        spelled_seconds += F.coalesce(part.try_cast("double"), F.lit(0.0)) * seconds
    time_of_day = F.concat(
        F.lpad(F.regexp_extract(text, CLOCK, 1), 2, "0"),
        F.lit(":"),
        F.regexp_extract(text, CLOCK, 2),
    )
    is_deadline, limit = F.col("_is_deadline"), F.col("_limit_seconds")
    return (
        rows.withColumn("_is_clock", F.coalesce(text.rlike(CLOCK), F.lit(False)))
        .withColumn(
            "_zone",
            known_zone(
                F.when(named_zone != "", named_zone).otherwise(F.coalesce(zone, F.lit("UTC")))
            ),
        )
        .withColumn(
            "_seconds",
            F.when(lower.rlike(f"^{NUMBER}$"), lower.try_cast("double") * unit_seconds).when(
                ~F.col("_is_clock") & lower.rlike(DURATION), spelled_seconds
            ),
        )
        .withColumn("_is_deadline", F.col("_is_clock") & F.col("_zone").isNotNull())
        .withColumn("_limit_seconds", F.when(F.col("_seconds") > 0, F.col("_seconds")))
        .withColumn("sla_kind", F.when(is_deadline, "deadline").when(limit.isNotNull(), "limit"))
        .withColumn("sla_limit_seconds", F.when(~is_deadline, limit))
        .withColumn("sla_time_of_day", F.when(is_deadline, time_of_day))
        .withColumn("sla_timezone", F.when(is_deadline, F.col("_zone")))
        .drop("_is_clock", "_zone", "_seconds", "_is_deadline", "_limit_seconds")
    )


def with_declared_sla(
    jobs: DataFrame, *, tags: str, health_rules: str, timeout: Column, schedule_zone: Column
) -> DataFrame:
    """`jobs` with the SLA each declares: a tag, else its RUN_DURATION_SECONDS health rule, else its
    timeout (seconds, NULL for none), after which a run is killed and has missed.

    Adds sla_kind, sla_limit_seconds, sla_time_of_day, sla_timezone, sla_source and sla_problem (a tag
    that could not be read). A deadline is in the schedule's zone unless it names one; in
    `sla_minutes=90` the key says the unit.
    """
    tag = tagged(F.col(tags), _KEYS)
    unit_seconds = F.lit(None).cast("double")
    for key, seconds in _UNIT_SECONDS.items():
        is_key = F.col("_sla_plain_key") == key
        unit_seconds = F.when(is_key, float(seconds)).otherwise(unit_seconds)
    rule = F.get(
        F.filter(
            F.col(health_rules),
            lambda r: (
                (r["metric"] == "RUN_DURATION_SECONDS")
                & (r["value"] > 0)
                & (F.pmod(r["value"], F.lit(TRIPWIRE_MINUTE)) != TRIPWIRE_MINUTE - 1)
            ),
        ),
        F.lit(0),
    )
    read = with_terms(
        jobs.withColumn("_sla_words", tag.value)
        .withColumn("_sla_key", tag.key)
        .withColumn("_sla_plain_key", letters_and_digits(F.col("_sla_key")))
        .withColumn("_sla_rule_seconds", rule["value"].cast("double"))
        .withColumn("_sla_timeout_seconds", timeout),
        "_sla_words",
        zone=schedule_zone,
        unit_seconds=unit_seconds,
    ).withColumn("_sla_is_tagged", F.col("sla_kind").isNotNull())
    is_tagged, words = F.col("_sla_is_tagged"), F.col("_sla_words")
    is_ruled, is_killed = (F.col(f"_sla_{by}_seconds").isNotNull() for by in ("rule", "timeout"))
    return (
        read.withColumn(
            "sla_limit_seconds",
            F.when(is_tagged, F.col("sla_limit_seconds")).otherwise(
                F.coalesce("_sla_rule_seconds", "_sla_timeout_seconds")
            ),
        )
        .withColumn(
            "sla_kind",
            F.coalesce("sla_kind", F.when(F.col("sla_limit_seconds").isNotNull(), "limit")),
        )
        .withColumn(
            "sla_source",
            F.when(is_tagged, F.col("_sla_key"))
            .when(is_ruled, "health_rule")
            .when(is_killed, "timeout"),
        )
        .withColumn(
            "sla_problem",
            F.when(
                words.isNotNull() & ~is_tagged,
                F.concat(
                    F.lit("tag "),
                    F.col("_sla_key"),
                    F.lit("="),
                    F.substring(words, 1, 80),
                    F.lit(f" is {NEITHER}"),
                ),
            ),
        )
        .drop(
            *("_sla_words", "_sla_key", "_sla_plain_key"),
            *("_sla_rule_seconds", "_sla_timeout_seconds", "_sla_is_tagged"),
        )
    )
