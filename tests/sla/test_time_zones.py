"""Time zones that people may name: each is known to the engine, and means there what it means in Python."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.sla.terms import read_terms
from pipeline.sla.time_zones import is_time_zone, time_zones

_INSTANTS = tuple(datetime(2010, 1, 15, tzinfo=UTC) + timedelta(days=273 * n) for n in range(19))
"""Until the middle of 2023, in all seasons: what every zone database in use agrees about."""


@pytest.mark.parametrize(
    "zone",
    [
        "localtime",
        "posixrules",
        "Factory",
        "posix/Europe/Berlin",
        "right/UTC",
        "../UTC",
        "/etc/localtime",
        "europe/berlin",
        "EUROPE/BERLIN",
        "utc",
        "Europe",
        "EST",
        "EST5EDT",
        "PST",
        "CET",
        "Z",
        "UTC+1",
        "GMT0",
        "+02:00",
        "Etc/GMT+5",
        "America/Coyhaique",
    ],
)
def test_what_one_engine_or_another_refuses_is_no_time_zone(zone: str) -> None:
    assert not is_time_zone(zone)
    with pytest.raises(ValueError, match=r"no time zone|neither a duration"):
        read_terms(f"06:30 {zone}")


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "GMT", "Europe/Berlin", "US/Pacific"])
def test_common_zones_may_be_named(zone: str) -> None:
    assert read_terms(f"06:30 {zone}").timezone == zone


def test_every_time_zone_is_the_same_to_the_engine_and_to_python(spark: SparkSession) -> None:
    names = sorted(time_zones())
    assert len(names) > 400
    zones = spark.createDataFrame([(name,) for name in names], "zone string")
    instants = spark.createDataFrame([(at,) for at in _INSTANTS], "at timestamp")
    shown = F.unix_micros(F.from_utc_timestamp("at", F.col("zone"))) - F.unix_micros("at")
    rows = (
        zones.crossJoin(instants)
        .select("zone", F.unix_micros("at").alias("at"), (shown / 1e6).alias("ahead"))
        .collect()
    )
    assert len(rows) == len(names) * len(_INSTANTS)
    wrong = set()
    for row in rows:
        at = datetime.fromtimestamp(row["at"] / 1e6, UTC)
        ahead = at.astimezone(ZoneInfo(row["zone"])).utcoffset()
        if ahead != timedelta(seconds=row["ahead"]):
            wrong.add(row["zone"])
    assert wrong == set()
