"""Decisions of whatever kind: here silences of a job, which nothing in the pipeline knows."""

from datetime import datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.decisions.in_force import is_in_force, left_aside, with_end
from pipeline.decisions.record import follow_settings, record
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import ops
from tests.strategies.tables import Row, at, frame_of, rows_of

_KIND = "silence"


def _silence(subject: str, day: int, terms: str | None, **columns: str) -> Row:
    decision: Row = {"kind": _KIND, "subject": subject, "decided_at": at(day), "terms": terms}
    return decision | columns


def _is_readable() -> Column:
    return F.col("terms").isNull() | F.col("terms").startswith("until ")


def _in_force(decisions: DataFrame, at: datetime) -> dict[str, str | None]:
    rows = with_end(decisions, is_readable=_is_readable()).where(is_in_force(F.lit(at)))
    return {row["subject"]: row["terms"] for row in rows_of(rows)}


def test_the_newest_about_a_subject_is_in_force_from_when_it_was_decided(
    spark: SparkSession,
) -> None:
    decisions = frame_of(
        spark,
        ops.DECISIONS,
        [
            _silence("w/7", 1, "until Monday"),
            _silence("w/7", 3, "until Friday"),
            _silence("w/7", 5, None),
            _silence("w/8", 2, "until June"),
        ],
    )
    seen = [_in_force(decisions, when) for when in (at(0), at(1), at(2, 23), at(3), at(5))]
    assert seen == [
        {},
        {"w/7": "until Monday"},
        {"w/7": "until Monday", "w/8": "until June"},
        {"w/7": "until Friday", "w/8": "until June"},
        {"w/7": None, "w/8": "until June"},
    ]


def test_what_cannot_be_read_is_left_aside_and_named(spark: SparkSession) -> None:
    decisions = frame_of(
        spark,
        ops.DECISIONS,
        [
            _silence("w/7", 1, "until Monday"),
            _silence("w/7", 3, "for a while", decided_by="ada"),
            # Somebody has decided again since.
            _silence("w/8", 1, "for a while"),
            _silence("w/8", 2, "until June"),
        ],
    )
    assert _in_force(decisions, at(4)) == {"w/7": "until Monday", "w/8": "until June"}
    named = rows_of(left_aside(decisions, is_readable=_is_readable()))
    assert [(row["subject"], row["decided_by"]) for row in named] == [("w/7", "ada")]


def test_only_what_the_settings_file_says_anew_is_written_down(
    spark: SparkSession, lakehouse: DeltaFolder
) -> None:
    lakehouse.create(ops.DECISIONS)

    def follow(day: int, terms: dict[str, str]) -> int:
        before = lakehouse.read(ops.DECISIONS).count()
        follow_settings(spark, lakehouse, _KIND, terms, at(day))
        return lakehouse.read(ops.DECISIONS).count() - before

    def by_hand(subject: str, day: int, terms: str | None, kind: str = _KIND) -> None:
        record(spark, lakehouse, kind, {subject: terms}, source="told", by="ada", at=at(day))

    assert follow(1, {"w/7": "until Monday", "w/8": "until June"}) == 2
    version = lakehouse.version(ops.DECISIONS)
    assert follow(2, {"w/7": "until Monday", "w/8": "until June"}) == 0
    assert lakehouse.version(ops.DECISIONS) == version
    # Another kind about the same subject is no news; what somebody decided since is.
    by_hand("w/7", 3, "45m", kind="sla")
    by_hand("w/8", 3, None)
    assert follow(4, {"w/7": "until Monday", "w/8": "until June"}) == 1
    # The file takes back what it said, and nothing that it did not.
    by_hand("w/9", 5, "until May")
    assert follow(6, {"w/8": "until July"}) == 2
    decisions = lakehouse.read(ops.DECISIONS).where(F.col("kind") == _KIND)
    assert _in_force(decisions, at(6)) == {"w/7": None, "w/8": "until July", "w/9": "until May"}
    by = {row["subject"]: row["decided_by"] for row in rows_of(decisions.orderBy("decided_at"))}
    assert by == {"w/7": "rightrun.yml", "w/8": "rightrun.yml", "w/9": "ada"}
