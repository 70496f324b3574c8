"""Whether tables are late, beside their own rhythm."""

from datetime import timedelta
from typing import Any

from pyspark.sql import SparkSession

from pipeline.gold.freshness import table_freshness
from pipeline.tables import gold, silver
from tests.gold.test_dependencies import HOSTILE, job, run_row, use
from tests.strategies.tables import Row, at, frame_of, rows_of


def _fresh(
    spark: SparkSession, runs: list[Row], uses: list[Row], jobs: list[Row], day: int, hour: int = 0
) -> dict[str, Row]:
    output = table_freshness(
        frame_of(spark, silver.TABLE_USES, uses),
        frame_of(spark, silver.RUNS, runs),
        frame_of(spark, gold.JOBS, jobs),
        as_of=at(day, hour),
    )
    return {row["table_name"]: row for row in rows_of(output)}


def _written(key: str, table: str, days: list[int]) -> tuple[list[Row], list[Row]]:
    runs = [run_row(key, day, 1) for day in days]
    uses = [use(run, "write", table, run["started_at"] + timedelta(minutes=30)) for run in runs]
    return runs, uses


def _together(*parts: tuple[list[Row], list[Row]]) -> tuple[list[Row], list[Row]]:
    return [run for runs, _ in parts for run in runs], [one for _, uses in parts for one in uses]


def test_late_is_later_than_ever_and_than_twice_the_usual(spark: SparkSession) -> None:
    weekdays = [day for day in range(14) if day % 7 < 5]  # From a Monday: gaps of 1 and of 3 days.
    runs, uses = _together(
        _written("w/1", HOSTILE, weekdays),
        _written("w/2", "main.a.daily", list(range(9))),
        _written("w/3", "main.a.twice", [0, 11]),
        _written("w/4", "main.a.gone", list(range(9))),
    )
    reader = run_row("w/9", 11, 5)
    uses += [use(reader, "read", HOSTILE, at(11, 5)), use(runs[0], "read", HOSTILE, at(0, 1))]
    runs.append(reader)
    jobs = [job(f"w/{number}") for number in (1, 2, 3, 9)] + [job("w/4", "paused")]
    rows = _fresh(spark, runs, uses, jobs, 14)

    def of(table: str, *names: str) -> tuple[Any, ...]:
        return tuple(rows[table][name] for name in names)

    assert of(HOSTILE, "status", "writers", "reader_jobs", "writes") == ("ok", ["w/1"], 1, 10)
    # Last written on Friday of the second week; three days later it is late.
    assert of(HOSTILE, "last_written_at", "late_after", "is_late") == (
        at(11, 1, 30),
        at(14, 1, 30),
        False,
    )
    assert of(HOSTILE, "gap_seconds", "longest_gap_seconds") == (86_400.0, 3 * 86_400.0)
    assert of("main.a.daily", "late_after", "is_late") == (at(10, 1, 30), True)
    assert of("main.a.twice", "status", "late_after", "is_late") == ("too_few_runs", None, None)
    assert of("main.a.gone", "status", "is_late") == ("not_assessed", None)
    assert rows["main.a.gone"]["reason"] == "no job that has written it is there and not paused"
    later = _fresh(spark, runs, uses, jobs, 14, 2)
    assert later[HOSTILE]["is_late"] is True
    assert later[HOSTILE]["age_seconds"] == 3 * 86_400 + 1800


def test_what_is_written_after_the_night_is_not_known_to_it(spark: SparkSession) -> None:
    runs, uses = _written("w/1", "main.a.b", list(range(9)))
    early = _fresh(spark, runs, uses, [job("w/1")], 5)["main.a.b"]
    alone = _fresh(spark, runs[:5], uses[:5], [job("w/1")], 5)["main.a.b"]
    assert early == alone
