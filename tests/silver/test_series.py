"""Submitted runs as series: what of a name counts, and what tells works of one name apart."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.expressions.run_names import RUN_NAME_RULES
from pipeline.gold.runs import job_health
from pipeline.settings import Settings, load_settings
from pipeline.silver.runs import attempts, runs, task_runs
from pipeline.silver.series import replaced, stem
from pipeline.tables import bronze, silver
from tests.strategies.tables import Row, at, attempt_slices, frame_of, rows_of


class _Works:
    """Slices of submitted runs, each with a job id of its own, and of their tasks."""

    def __init__(self) -> None:
        self.slices: list[Row] = []
        self.tasks: list[Row] = []

    def run(self, name: str | None, start: datetime, *tasks: Row, **columns: Any) -> str:
        """A run of an hour, or until the last of its tasks has ended."""
        number = f"{len(self.slices):03d}"
        end = max([task["until"] for task in tasks], default=start + timedelta(hours=1))
        defaults: Row = {"workspace_id": "w", "job_id": f"9{number}", "run_id": number}
        kind: Row = {"run_type": "SUBMIT_RUN", "run_name": name}
        result = columns.pop("result", "SUCCEEDED")
        self.slices += attempt_slices(defaults | kind | columns, start, end, result)[-1:]
        self.slices[-1]["period_start_time"] = start
        for task in tasks:
            own: Row = {"workspace_id": "w", "job_id": f"9{number}", "job_run_id": number}
            own |= {"run_id": f"{number}.{task['key']}", "task_key": task["key"]}
            self.tasks += attempt_slices(own, task["since"], task["until"], task["result"])
        return number

    def series(self, spark: SparkSession, settings: Settings | None = None) -> dict[str, Row]:
        """The runs that are made of them, by their id."""
        settings = settings or Settings()
        output = attempts(
            frame_of(spark, bronze.JOB_RUN_TIMELINE, self.slices),
            task_runs(frame_of(spark, bronze.JOB_TASK_RUN_TIMELINE, self.tasks)),
            run_name_rules=settings.run_name_rules,
            default_run_names=settings.default_run_names,
        )
        return {row["run_id"]: row for row in rows_of(runs(output))}


def _task(key: str, since: datetime, until: datetime, result: str | None = "SUCCEEDED") -> Row:
    return {"key": key, "since": since, "until": until, "result": result}


_STEMS: dict[str, str | None] = {
    "nb_orders_cd613e30-d8f1-4adf-91b7-584a2265b1f5": "nb_orders",
    "nb_orders (CD613E30-D8F1-4ADF-91B7-584A2265B1F5)": "nb_orders",
    "nb_cd613e30d8f14adf91b7584a2265b1f5_orders": "nb_orders",
    f"nb_orders-{'a1' * 20}": "nb_orders",
    f"nb_orders-01{'a1' * 15}": "nb_orders",
    "nb_orders {cd613e30-d8f1-4adf-91b7-584a2265b1f5}": "nb_orders",
    "nb_orders-01K8ZJ4W7Q2N5T0V9XRDE3M6YB": "nb_orders",
    "01k8zj4w7q2n5t0v9xrde3m6yb_nb_orders": "nb_orders",
    "nb_orders-a1b2c3d": "nb_orders",
    "daily_2026-11-01_orders": "daily_orders",
    "daily_20261101_orders": "daily_orders",
    "orders 2026-11-01T03:00:00.123+00:00": "orders",
    "orders_2026_11_01_03_00_00": "orders",
    "orders_20261101T030000Z": "orders",
    "orders 01.11.2026": "orders",
    "Orders, Nov 1, 2026, 03:00 AM": "Orders",
    "orders at 1 November 2026": "orders at",
    "orders_2026-W44": "orders",
    "orders Sun Nov  1 03:00:00 UTC 2026": "orders",
    "orders 2026-11-01 03.00.00": "orders",
    "orders=2026-11-01": "orders",
    "orders-2026-11": "orders",
    "20261101T0300_orders": "orders",
    "1762000000123-orders": "orders",
    "1234567890123456_orders": "1234567890123456_orders",
    "orders_1762000000": "orders",
    "orders_1762000000123": "orders",
    "orders run 17": "orders",
    "orders #17": "orders",
    "orders (attempt 2 of 3)": "orders",
    "orders_try_number=2": "orders",
    "manual__2026-11-01T03:00:00+00:00": "manual",
    "cd613e30-d8f1-4adf-91b7-584a2265b1f5": None,
    "  ": None,
    # These tell works apart, or may.
    "shard_3": "shard_3",
    "store_0412": "store_0412",
    "etl v1.2.3": "etl v1.2.3",
    "adf / load 'x'": "adf / load 'x'",
    " daily. ": " daily. ",
    "[red]x[/red]": "[red]x[/red]",
    "x" * 900: "x" * 900,
    "1234567": "1234567",
}


def test_what_is_new_in_a_name_each_time_goes_and_nothing_else(spark: SparkSession) -> None:
    rows = [{"run_name": name} for name in _STEMS]
    frame = frame_of(spark, silver.RUNS, rows)
    name = frame["run_name"]
    left = frame.select(name, stem(name, replaced(name, RUN_NAME_RULES)))
    assert {row[0]: row[1] for row in left.collect()} == _STEMS


def test_runs_whose_names_end_anew_are_one_series_that_says_how_it_is_known(
    spark: SparkSession,
) -> None:
    works = _Works()
    for day in range(20):
        works.run(f"nb_orders_0a1b2c3d-0000-4000-8000-{day:012d}", at(day, 3))
        works.run(f"mart-{at(day):%Y%m%d}", at(day, 4))
        works.run(f"ingest {1_762_000_000 + day}", at(day, 5))
    works.run("mart", at(30))
    output = [(row["series_key"], row["series_basis"]) for row in works.series(spark).values()]
    assert {one: output.count(one) for one in output} == {
        ("w/nb_orders", "run_name_by_rules"): 20,
        ("w/mart", "run_name_by_rules"): 20,
        ("w/ingest", "run_name_by_rules"): 20,
        ("w/mart", "run_name"): 1,
    }


@pytest.mark.parametrize(
    "name",
    [
        "debug task",
        "Untitled",
        "New Run Nov 3, 2026, 02:10 AM",
        "run_1762000000",
        "job 2",
        "backfill__2026-11-03T02:10:00+00:00",
        "dataset_triggered__2026-11-03T02:10:00.5+00:00",
    ],
)
def test_a_work_under_a_default_name_is_told_as_failing(spark: SparkSession, name: str) -> None:
    # Three works a day share the name; the last fails five days running, then the others succeed.
    works = _Works()
    for day in range(10):
        for hour, key in enumerate(("dim", "fact", "mart")):
            result = "FAILED" if key == "mart" and day >= 5 else "SUCCEEDED"
            span = at(day, hour), at(day, hour, 30)
            works.run(name, span[0], _task(key, *span, result), result=result)
        works.run(name, at(day, 9), _task("dim", at(day, 9), at(day, 9, 5)))
    output = works.series(spark)
    assert {row["series_basis"] for row in output.values()} == {"run_name_and_tasks"}
    health = rows_of(job_health(frame_of(spark, silver.RUNS, list(output.values()))))
    failing = {row["series_key"].split(" [")[1]: row["consecutive_failures"] for row in health}
    assert failing == {"dim]": 0, "fact]": 0, "mart]": 5}


def test_a_run_broken_off_or_going_is_of_the_series_of_whole_ones(spark: SparkSession) -> None:
    # Two tasks begin, one a little after the other; a third waits for both.
    def first(day: int) -> list[Row]:
        since = at(day, 1)
        return [
            _task("b", since, at(day, 2)),
            _task("a", since + timedelta(seconds=9), at(day, 3)),
        ]

    works = _Works()
    works.run("run", at(0, 1), *first(0), _task("last", at(0, 3), at(0, 4)))
    works.run("run", at(1, 1), *first(1), result="FAILED")
    works.run("run", at(2, 1), *(task | {"result": None} for task in first(2)), result=None)
    works.run("run", at(3, 1), *first(3), _task("last", at(3, 3), at(3, 3), "SKIPPED"))
    output = works.series(spark)
    assert {row["series_key"] for row in output.values()} == {"w/run [a+b]"}


def test_what_nothing_tells_apart_says_so(spark: SparkSession) -> None:
    works = _Works()
    guid = "0a1b2c3d-0000-4000-8000-000000000001"
    expected = {
        works.run("Untitled", at(0)): ("w/Untitled", "shared_run_name"),
        works.run("untitled 2", at(1)): ("w/untitled 2", "shared_run_name"),
        works.run(None, at(2), _task("x", at(2), at(2, 1))): ("w/[x]", "tasks"),
        works.run(guid, at(3), _task("x", at(3), at(3, 1))): ("w/[x]", "tasks"),
        works.run(None, at(4)): ("w/9004", "nothing"),
        works.run(" ", at(5)): ("w/9005", "nothing"),
        works.run("Run", at(8), _task("main", at(8), at(8, 1))): ("w/Run", "shared_run_name"),
        # A task that seems to be older than its run is none of it.
        works.run("job", at(6), _task("x", at(4), at(6, 1))): ("w/job", "shared_run_name"),
        works.run("load", at(7), _task("x", at(7), at(7, 1))): ("w/load", "run_name"),
    }
    output = works.series(spark)
    assert {n: (r["series_key"], r["series_basis"]) for n, r in output.items()} == expected


def test_no_name_is_taken_for_a_job_or_for_another_name(spark: SparkSession) -> None:
    works = _Works()
    works.run("unused", at(0), run_type="JOB_RUN", job_id="123")
    names = [
        "123",
        '"123"',
        "123\n",
        " 123",
        "run [x]",
        '"run [x]"',
        "a/b",
        "a",
        "[red]x[/red]",
        "'; --",
    ]
    for number, name in enumerate(names):
        works.run(name, at(number + 1))
    works.run("run", at(20), _task("x", at(20), at(20, 1)))
    keys = [row["series_key"] for _, row in sorted(works.series(spark).items())]
    assert len(set(keys)) == len(keys) == len(names) + 2
    assert keys[:3] == ["w/123", 'w/"123"', 'w/""123""']
    assert keys[-1] == "w/run [x]"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("run_name_rules: {'[0-9': ''}", "'[0-9' is no regular expression"),
        ("run_name_rules: {'(?<=_)[0-9]+': ''}", "look-around and back-references"),
        ("run_name_rules: {'(a)\\1': ''}", "look-around and back-references"),
        ("run_name_rules: {'(a)-b': '$1'}", "what stands for '(a)-b' holds $"),
        ("run_name_rules: {'(?P<a>x)': ''}", "names a group"),
        ("run_name_rules: {'x*': ''}", "matches where there is nothing"),
        ("run_name_rules: [x]", "dictionary"),
        ("default_run_names: ['(x']", "'(x' is no regular expression"),
        ("default_run_names: ['']", "matches where there is nothing"),
    ],
)
def test_a_rule_that_an_engine_cannot_read_is_named(
    tmp_path: Path, setting: str, message: str
) -> None:
    (tmp_path / "rightrun.yml").write_text(setting)
    with pytest.raises(UserError) as refused:
        load_settings(tmp_path)
    assert message in str(refused.value)
    assert f"setting {setting.split(':')[0]}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_rules_of_ones_own_take_the_place_of_ours(spark: SparkSession, tmp_path: Path) -> None:
    rules = "run_name_rules: {'-part[0-9]+': '-part', 'x': 'y'}\ndefault_run_names: [nightly]"
    (tmp_path / "rightrun.yml").write_text(rules)
    settings = load_settings(tmp_path)
    works = _Works()
    works.run("load-part7-of-x", at(0))
    works.run("load_2026-11-01", at(1))
    works.run("Nightly", at(2), _task("a", at(2), at(2, 1)))
    works.run("job", at(3), _task("a", at(3), at(3, 1)))
    output = works.series(spark, settings)
    assert [row["series_key"] for _, row in sorted(output.items())] == [
        "w/load-part-of-y",
        "w/load_2026-11-01",
        "w/Nightly [a]",
        "w/job",
    ]
