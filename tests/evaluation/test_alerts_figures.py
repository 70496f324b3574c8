"""What counts as trouble, as known and as told, in a home and an account of a few rows."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from benchmarks.quality.alerts_ahead import _looks, by_night, by_watcher
from benchmarks.quality.alerts_nights import (
    Nights,
    Said,
    episodes_of,
    is_known,
    nights_of,
    runs_of,
)

MIDNIGHT = pd.Timestamp("2026-03-01", tz="UTC")
DAY = pd.Timedelta(days=1)
HOUR = pd.Timedelta(hours=1)
LINE = "The run expected 2026-03-03 misses its SLA with a probability of 80 %."
URL = "https://example.com/jobs/"


def as_of(night: int) -> pd.Timestamp:
    """Each night speaks of ten minutes before its midnight."""
    return MIDNIGHT + night * DAY - pd.Timedelta(minutes=10)


def incident(job: str, state: str, night: int, **columns: Any) -> dict[str, Any]:
    keys = {"told": [], "holding": [], "digested": []} | {
        name: [f"{condition} w/{job}" for condition in given]
        for name, given in columns.items()
        if name in ("told", "holding", "digested")
    }
    return keys | {
        "incident_id": f"job/w/{job}@t#1",
        "cause": columns.get("cause", f"job/w/{job}"),
        "state": state,
        "held_by": columns.get("held_by", ""),
        "as_of": as_of(night),
    }


INCIDENTS = {
    0: [incident("a", "watched", 0, holding=["likely_to_miss"])],
    1: [
        incident("a", "watched", 1, holding=["likely_to_miss"]),
        incident("b", "open", 1, told=["missed"], holding=["missed", "likely_to_miss"]),
        incident("c", "watched", 1, holding=["failed"], held_by="incident job/w/b@t#1"),
        incident("d", "watched", 1, holding=["failed"]),
    ],
    # The second night changed nothing and told nobody; in the third what held of a is over.
    3: [incident("a", "watched", 3)],
}


def run(
    job: str, number: int, hours: float, status: str, known: int, sla: str | None = None
) -> dict[str, Any]:
    """A run that began so many hours after the first night, whose end a later night can know."""
    return {
        "workspace_id": "w",
        "run_id": f"{job}{number}",
        "series_key": f"w/{job}",
        "started_at": MIDNIGHT + hours * HOUR,
        "ended_at": MIDNIGHT + (hours + 0.5) * HOUR,
        "status": status,
        "sla_status": sla,
        "known_at": MIDNIGHT + known * DAY,
    }


RUNS = [
    run("b", 1, 2, "SUCCEEDED", 1, "MISSED"),
    run("b", 2, 26, "SUCCEEDED", 2, "MISSED"),
    # Mended within the day: no trouble. Not mended: trouble.
    run("d", 1, 3, "FAILED", 1),
    run("d", 2, 5, "SUCCEEDED", 1),
    run("d", 3, 30, "FAILED", 2),
    # It ended in the first day and was delivered with the second.
    run("e", 1, 23, "TIMEOUT", 2),
    # A part of what is wrong with b, which has fired it.
    run("c", 1, 2, "FAILED", 1),
    # Of the history, and after the last night.
    run("a", 1, -5, "FAILED", 0),
    run("a", 2, 80, "FAILED", 4),
]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("account")
    (folder / "truth").mkdir()
    missed = [dict(one, sla_met=one["sla_status"] != "MISSED") for one in RUNS]
    # The day after the first night a misses as well.
    missed.append(dict(run("a", 3, 25, "SUCCEEDED", 2), sla_met=False))
    tables = {
        "runs": missed,
        "firings": [{"workspace_id": "w", "run_id": "c1", "upstream_job_id": "b"}],
        "prospects": [
            {
                "workspace_id": "w",
                "run_id": run_id,
                "asked_at": MIDNIGHT + day * DAY,
                "miss_probability": likely,
            }
            for run_id, day, likely in (
                ("b1", 0, 0.9),
                ("b2", 1, 0.5),
                ("a3", 1, 0.7),
                ("e1", 0, 0.1),
            )
        ],
    }
    for name, rows in tables.items():
        pd.DataFrame(rows).to_parquet(folder / "truth" / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")

    def write(name: str, rows: list[dict[str, Any]]) -> None:
        table = pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)
        write_deltalake(folder / name.replace(".", "/"), table, mode="overwrite")

    write("gold.night_steps", [{"as_of": as_of(night)} for night in range(4) for _ in range(2)])
    write("gold.run_history", [{k: v for k, v in one.items() if k != "known_at"} for one in RUNS])
    jobs = [{"series_key": f"w/{job}", "tier": 1.0, "url": URL + job} for job in "abcde"]
    write("gold.jobs", jobs)
    schema = pa.schema(
        [(name, pa.list_(pa.string())) for name in ("told", "holding", "digested")]
        + [(name, pa.string()) for name in ("incident_id", "cause", "state", "held_by")]
        + [("as_of", pa.timestamp("us", "UTC"))]
    )
    for rows in INCIDENTS.values():
        table = pa.Table.from_pylist(rows, schema=schema)
        write_deltalake(folder / "ops/incidents", table, mode="overwrite")
    items = [
        {"name": "a", "text": LINE, "url": f"{URL}a/runs/7"},
        {"name": "b", "text": "", "url": None},
    ]
    digest = {
        "kind": "digest",
        "as_of": as_of(1),
        "content": json.dumps({"items": items, "left_out": 3}),
    }
    write("ops.outbox", [digest])
    return folder


@pytest.fixture(scope="module")
def nights(home: Path) -> Nights:
    return nights_of(home)


def test_a_night_that_told_nobody_is_a_night(nights: Nights) -> None:
    assert nights.count == 3
    assert list(nights.until) == [MIDNIGHT + night * DAY for night in range(4)]
    assert nights.decided[2] is nights.decided[1]
    assert list(nights.decided[3]["state"]) == ["watched"]


def test_trouble_is_what_a_night_could_know_and_nothing_has_mended(
    home: Path, account: Path, nights: Nights
) -> None:
    runs = runs_of(home, account, nights)
    trouble = runs[runs["is_trouble"]]
    assert dict(zip(trouble["run_id"], trouble["night"], strict=True)) == {
        "b1": 1, "b2": 2, "d3": 2, "e1": 2, "c1": 1,
    }  # fmt: skip
    assert set(runs["run_id"]) == {"b1", "b2", "d1", "d2", "d3", "e1", "c1"}


def test_nights_in_a_row_are_an_episode_and_what_is_fired_is_a_part(
    home: Path, account: Path, nights: Nights
) -> None:
    episodes = episodes_of(runs_of(home, account, nights), account)
    found = set(zip(episodes["series_key"], episodes["night"], strict=True))
    assert found == {("w/b", 1), ("w/d", 2), ("w/e", 2)}


@pytest.mark.parametrize(
    ("job", "is_so"), [("b", True), ("c", True), ("d", False), ("a", False), ("e", False)]
)
def test_people_know_of_what_is_open_or_held_by_what_is(
    nights: Nights, job: str, is_so: bool
) -> None:
    assert is_known(SimpleNamespace(series_key=f"w/{job}", night=1), nights) == is_so


def test_a_line_of_a_digest_is_known_for_as_long_as_it_holds(home: Path, nights: Nights) -> None:
    said = Said(home, nights).by_night
    assert said == (
        (set(), set()),
        ({"w/b"}, {"w/a", "w/b"}),
        ({"w/b"}, {"w/a", "w/b"}),
        (set(), set()),
    )


def test_a_likely_miss_is_told_by_the_night_before(
    home: Path, account: Path, nights: Nights
) -> None:
    figures = by_night(home, account, nights)
    # b misses on the first day, which nobody had been told of, and on the second; a on the second.
    assert figures["misses"] == 3
    assert figures["likely_misses"] == 3
    assert figures["told_at_once"] == pytest.approx(1 / 3)
    assert figures["told"] == pytest.approx(2 / 3)
    assert figures["job_nights"] == 3


def test_the_watcher_looks_every_five_minutes_until_half_an_hour_before_the_limit() -> None:
    long = SimpleNamespace(
        workspace_id="w", job_id="a", series_key="w/a", run_id="7", started_at=MIDNIGHT,
        sla_limit_seconds=5400.0, lasted_seconds=90_000.0,
    )  # fmt: skip
    looks = list(_looks(long))
    assert [one.elapsed_seconds / 60 for one in looks] == list(range(5, 61, 5))
    assert len({one.run_id for one in looks}) == len(looks)
    short = SimpleNamespace(**vars(long) | {"lasted_seconds": 1000.0})
    assert [one.elapsed_seconds / 60 for one in _looks(short)] == [5, 10, 15]


def test_only_what_was_likely_then_counts_against_the_watcher() -> None:
    looks = pd.DataFrame(
        [(True, True, True), (False, True, True), (False, True, False), (True, False, True)],
        columns=["is_told", "is_missed", "is_likely"],
    )
    figures = by_watcher(looks)
    assert figures["likely_misses"] == 2
    assert figures["told_half_an_hour_ahead"] == 0.5
    assert (figures["told_runs"], figures["false_alarms"]) == (2, 1)
    assert by_watcher(looks[:0])["told_half_an_hour_ahead"] is None
