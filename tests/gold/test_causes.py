"""Why runs were slow: a worked case for each part, and that parts add up whatever happened."""

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.gold.causes import STEPS, run_causes
from pipeline.gold.compared_runs import compared_runs
from tests.gold.slow_runs import RUNS_BEFORE, Rows, Run, history, together
from tests.strategies.tables import Row, at, frame_of, rows_of

(_STEP,) = STEPS
_AS_OF = at(RUNS_BEFORE + 1)


def _said(spark: SparkSession, rows: Rows) -> dict[str, list[Row]]:
    """The parts of each workspace's run, the one that explains most first."""
    inputs = [frame_of(spark, table, rows.get(table, [])) for table in _STEP.reads]
    by_workspace = defaultdict(list)
    for row in rows_of(run_causes(*inputs, as_of=_AS_OF)):
        by_workspace[row["workspace_id"]].append(row)
    return {
        name: sorted(parts, key=lambda row: int(row["place"]))
        for name, parts in by_workspace.items()
    }


def test_each_cause_has_its_part(spark: SparkSession) -> None:
    # A usual run: 10 s of queue, 100 of set-up, 300 for `load`, 200 for `join`: 610 s.
    twice = {"load": 600.0, "join": 400.0}
    cases = {
        "queue": Run(queue=70.0),
        "setup": Run(setup=160.0),
        "retries of a task": Run(failed_try=90.0),
        "retries by a repair": Run(repaired_after=1_000.0),
        "input": Run(tasks=twice, read=2_000),
        "cluster": Run(tasks=twice, workers=2),
        "task": Run(tasks={"load": 300.0, "join": 500.0}),
        "unexplained": Run(tasks=twice),
        "unexplained of one task": Run(tasks={"load": 800.0}),
        "shorter": Run(tasks={"load": 30.0, "join": 20.0}, read=100),
    }
    one_task = Run(tasks={"load": 500.0})
    many = [
        history(name, run, one_task if "one task" in name else Run(), is_anomaly=True)
        for name, run in cases.items()
    ]
    fired = Run(fired_after=400.0)
    many.append(history("upstream", Run(fired_after=1_000.0), fired, is_late=True))
    said = _said(spark, together(many))
    main = {name: (parts[0]["part"], parts[0]["seconds"]) for name, parts in said.items()}
    assert main == {
        "queue": ("queue", 60),
        "setup": ("setup", 60),
        "retries of a task": ("retries", 90),
        "retries by a repair": ("retries", 1_000),
        "input": ("input", 500),
        "cluster": ("cluster", 500),
        "task": ("task", 300),
        "unexplained": ("unexplained", 500),
        "unexplained of one task": ("unexplained", 300),
        "shorter": ("input", -450),
        "upstream": ("upstream", 600),
    }
    for name, parts in said.items():
        # Nothing else has a part, but what is left, which is nothing.
        assert {part["part"] for part in parts[1:]} <= {"unexplained"}, name
        assert [part["share"] for part in parts] in ([1.0], [1.0, 0.0]), name
        assert parts[0]["excess_seconds"] == parts[0]["seconds"]
        assert parts[0]["compared_runs"] == RUNS_BEFORE
    evidence: dict[str, tuple[Any, ...]] = {
        "queue": ("actual_seconds", 70.0, "usual_seconds", 10.0),
        "input": ("input_bytes", 2_000, "usual_input_bytes", 1_000),
        "cluster": (
            *("cluster", "m5d.large, 2 workers, 16.4.x"),
            *("usual_cluster", "m5d.large, 4 workers, 16.4.x"),
        ),
        "task": ("task_key", "join", "actual_seconds", 500.0),
        "retries by a repair": ("attempts", 2, "usual_seconds", 0.0),
        "upstream": ("upstream_run_id", "asked/up", "is_late", True),
    }
    for name, pairs in evidence.items():
        for column, value in zip(pairs[::2], pairs[1::2], strict=True):
            assert said[name][0][column] == value, (name, column)


def test_more_input_explains_as_much_as_the_job_has_followed_its_input(
    spark: SparkSession,
) -> None:
    # One job takes as long whatever it reads, one follows its input: told by how they have done so far.
    volumes = [500, 2_000, 700, 1_500, 1_000, 800, 1_200, 600, 1_800, 1_000]
    follows = [Run(tasks={"load": volume / 2}, read=volume) for volume in volumes]
    ignores = [Run(tasks={"load": 500.0 + volume % 7}, read=volume) for volume in volumes]
    slow = Run(tasks={"load": 2_000.0}, read=4_000)
    said = _said(
        spark,
        together(
            [
                history("follows", slow, follows, is_anomaly=True),
                history("ignores", slow, ignores, is_anomaly=True),
            ]
        ),
    )
    parts = {
        name: {row["part"]: float(row["share"]) for row in rows} for name, rows in said.items()
    }
    assert parts["follows"]["input"] > 0.9
    assert parts["ignores"].get("input", 0.0) < 0.1


def test_a_cluster_is_judged_by_all_runs_that_were_on_it(spark: SparkSession) -> None:
    # On two workers the job takes 700 s instead of 500; this run takes 900.
    usual, small = Run(), Run(tasks={"load": 420.0, "join": 280.0}, workers=2)
    slow = Run(tasks={"load": 540.0, "join": 360.0}, workers=2)
    rows = history("w", slow, [usual] * 7 + [small] * 4, is_shift=True)
    parts = {row["part"]: row["seconds"] for row in _said(spark, rows)["w"]}
    # The median of five: four of 700 and itself.
    assert parts == {"cluster": 200, "unexplained": 200}


def test_the_baseline_says_what_is_usual_where_it_does(spark: SparkSession) -> None:
    # On a Monday 900 s are usual: 100 less than this run took.
    slow = Run(tasks={"load": 540.0, "join": 360.0})
    (row,) = _said(spark, history("w", slow, is_anomaly=True, center=900.0))["w"]
    assert (row["part"], row["excess_seconds"], row["run_usual_seconds"]) == (
        "unexplained",
        100,
        910,
    )


def test_without_enough_runs_before_nothing_is_said_to_be_usual(spark: SparkSession) -> None:
    said = _said(
        spark,
        together(
            [
                history("few", Run(queue=900.0), runs_before=2, is_anomaly=True),
                history("none", Run(queue=900.0), runs_before=0, is_anomaly=True),
            ]
        ),
    )
    for name, compared in (("few", 2), ("none", 0)):
        (row,) = said[name]
        assert (row["part"], row["place"], row["compared_runs"]) == ("unexplained", 1, compared)
        assert row["excess_seconds"] is row["seconds"] is row["share"] is None


def test_a_run_is_compared_with_those_before_it_that_succeeded_at_once(spark: SparkSession) -> None:
    """However many failed among them: as many as are looked for, and none in the place of one that failed."""
    names = [f"{number:02}" for number in range(70)]
    runs = [
        ("w", name, "job", at(day), "FAILED" if day % 2 else "SUCCEEDED", int(day % 10 == 4), False)
        for day, name in enumerate(names)
    ]
    judged = [("w", "69", True, False, False, 60.0)]
    pairs = compared_runs(
        spark.createDataFrame(
            judged,
            "workspace_id string, run_id string, is_flagged boolean, is_late boolean,"
            " is_shift boolean, center_seconds double",
        ),
        spark.createDataFrame(
            runs,
            "workspace_id string, run_id string, series_key string, started_at timestamp,"
            " status string, repairs int, never_started boolean",
        ).withColumn("attempts", F.lit(1)),
    )
    compared = sorted(row["run_id"] for row in pairs.where("NOT is_self").collect())
    assert compared == [name for name in names[9:69] if name[1] in "0268"]


def test_only_runs_that_stand_out_are_asked_about(spark: SparkSession) -> None:
    rows = history("w", Run(queue=900.0), is_anomaly=False, is_shift=False)
    assert _said(spark, rows) == {}


_SECONDS = st.floats(0.0, 5_000.0).map(lambda seconds: round(seconds, 3))
_RUNS = st.builds(
    Run,
    queue=_SECONDS,
    setup=_SECONDS,
    tasks=st.dictionaries(st.sampled_from("abc"), _SECONDS, min_size=1),
    read=st.one_of(st.none(), st.integers(0, 10**12)),
    workers=st.sampled_from((2, 4)),
    fired_after=st.one_of(st.none(), _SECONDS),
    failed_try=st.one_of(st.just(0.0), _SECONDS),
    repaired_after=st.one_of(st.just(0.0), _SECONDS),
)


@settings(max_examples=2, print_blob=True)
@given(
    st.lists(st.lists(_RUNS, min_size=1, max_size=9), min_size=12, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_parts_add_up_exactly_and_the_order_of_rows_does_not_matter(
    spark: SparkSession, drawn: list[list[Run]], seed: int
) -> None:
    rows = together(
        [
            history(f"w{number}", asked, before, is_anomaly=True)
            for number, (asked, *before) in enumerate(drawn)
        ]
    )
    said = _said(spark, rows)
    assert len(said) == len(drawn)
    for parts in said.values():
        if parts[0]["excess_seconds"] is not None:
            total = sum((part["seconds"] for part in parts), Decimal(0))
            assert total == parts[0]["excess_seconds"]
        assert [part["place"] for part in parts] == [*range(1, len(parts) + 1)]
    rng = random.Random(seed)
    shuffled = {table: rng.sample(of_table, len(of_table)) for table, of_table in rows.items()}
    assert _said(spark, shuffled) == said
