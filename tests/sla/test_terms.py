"""SLAs in words: the settings file and the command line read what tags say, and no more."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.sla.declared import with_declared_sla
from pipeline.sla.record import terms_of
from pipeline.sla.terms import read_terms

_WORDS = (
    "45m",
    "1h30m",
    "90 min",
    "5400s",
    "1d 2h",
    "0.5h",
    "2 Hours",
    "07:30",
    "7:05",
    "07:30 Europe/Berlin",
    "23:59 UTC",
    "24:00",
    "soon",
    "-1h",
    "0",
    "0m",
    "",
    "07:30 Mars/Base",
    "07:30 localtime",
    "07:30 europe/berlin",
    "07:30 EST5EDT",
    "07:30 CET",
    "07:30 Etc/UTC",
    "07:30 posix/Europe/Berlin",
    "1h\x1b[31m",
)


def test_words_mean_what_they_mean_in_a_tag(spark: SparkSession) -> None:
    tagged = spark.createDataFrame(
        [(number, {"sla": words}) for number, words in enumerate(_WORDS)],
        "number int, tags map<string,string>",
    ).withColumn(
        "rules", F.lit(None).cast("array<struct<metric:string, operator:string, value:bigint>>")
    )
    read = with_declared_sla(
        tagged,
        tags="tags",
        health_rules="rules",
        timeout=F.lit(None).cast("double"),
        schedule_zone=F.lit(None).cast("string"),
    ).collect()
    by_tag = {
        row["number"]: (
            row["sla_kind"],
            row["sla_limit_seconds"],
            row["sla_time_of_day"],
            row["sla_timezone"],
        )
        for row in read
    }
    for number, words in enumerate(_WORDS):
        try:
            terms = read_terms(words)
        except ValueError:
            assert by_tag[number][0] is None, words
            continue
        by_words = (terms.kind, terms.limit_seconds, terms.time_of_day, terms.timezone)
        assert by_tag[number] == by_words, words


@pytest.mark.parametrize(
    ("words", "message"),
    [("soon", "neither a duration"), ("07:30 Mars/Base", "no time zone"), ("", "neither")],
)
def test_what_is_no_sla_is_refused_in_a_sentence(words: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_terms(words)


def test_the_settings_file_is_refused_by_the_job_it_names() -> None:
    with pytest.raises(UserError, match="setting slas of 1/7: 'localtime' is no time zone"):
        terms_of("1/7", "06:30 localtime")


@pytest.mark.parametrize(
    "words", ["45m", "0.00001s", "1.5h", "0.1s", "11574d", "7:05 Europe/Berlin"]
)
def test_what_is_written_down_is_read_as_the_same(words: str) -> None:
    terms = read_terms(words)
    assert read_terms(terms.spelled) == terms
