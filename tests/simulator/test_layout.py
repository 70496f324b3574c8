"""Files, schemas, repeatability and refusals."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UserError
from pipeline.tables.declaration import Arrival, SourceTable
from pipeline.tables.derive import row_checks
from pipeline.tables.source import SOURCE_TABLES
from pipeline.tables.types import arrow_schema
from simulator import SimulatorConfig, simulate
from simulator.config import generator
from simulator.labels import HOSTILE_NAMES
from tests.simulator.conftest import DAYS, END, Account


def path_of(table: SourceTable) -> str:
    schema, name = table.place
    return f"{schema}/{name}"


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*.parquet"))
    }


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_every_file_has_the_declared_schema(account: Account, table: SourceTable) -> None:
    files = account.files(path_of(table))
    assert files
    for file in files:
        assert pq.read_schema(file).equals(arrow_schema(table)), file
    rows = account.arrow(path_of(table))
    assert rows.num_rows > 0
    for check in row_checks(table):
        if check.name == "not_null":
            assert rows.column(check.column).null_count == 0
    keys = rows.select(list(table.keys))
    assert keys.group_by(list(table.keys)).aggregate([]).num_rows == rows.num_rows


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_a_file_holds_what_arrived_on_its_day(account: Account, table: SourceTable) -> None:
    """A day ends when the account is looked at; without latency what happens is told at once."""
    files = account.files(path_of(table))
    if table.arrival is Arrival.SNAPSHOT:
        assert [file.name for file in files] == ["snapshot.parquet"]
        return
    first = END.date() - timedelta(days=DAYS - 1)
    for file in files:
        day = date.fromisoformat(file.stem)
        assert first <= day <= END.date()
        until = datetime.combine(day, END.timetz())
        column = pq.read_table(file, partitioning=None).column(table.watermark)
        if column.type == pa.date32():
            continue
        low, high = pc.min_max(column).as_py().values()
        assert high is None or high <= until
        # What is older than the history came with the first delivery.
        assert low is None or day == first or low > until - timedelta(days=1)


@pytest.mark.parametrize("table", SOURCE_TABLES, ids=lambda table: table.name)
def test_what_comes_late_twice_and_in_no_order_is_the_same_in_the_end(
    account: Account, unpunctual: Account, table: SourceTable
) -> None:
    if table.arrival is Arrival.SNAPSHOT or table.name == "node_timeline":
        return
    # Node-minutes are drawn as they are told, and the bill's day of landing is part of its rows.
    keys = list(table.keys)
    punctual = account.arrow(path_of(table)).select(keys).to_pandas()
    late = unpunctual.arrow(path_of(table)).select(keys).to_pandas()
    late_rows = set(late.itertuples(index=False, name=None))
    assert late_rows <= set(punctual.itertuples(index=False, name=None))
    assert len(late_rows) > 0.97 * len(punctual)
    if len(punctual) > 5000:
        assert len(late_rows) < len(late), "nothing came twice"


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    config = SimulatorConfig(end=END, jobs=25, days=3, seed=5)
    simulate(config, tmp_path / "a")
    simulate(config, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    simulate(SimulatorConfig(end=END, jobs=25, days=3, seed=6), tmp_path / "c")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_concerns_draw_from_streams_of_their_own() -> None:
    alone = generator(7, "durations").random(5)
    generator(7, "another").random(100)
    assert np.array_equal(alone, generator(7, "durations").random(5))
    assert not np.array_equal(alone, generator(7, "outcomes").random(5))


def test_one_job_on_one_day_still_writes_every_table(tmp_path: Path) -> None:
    summary = simulate(SimulatorConfig(end=END, jobs=1, days=1), tmp_path / "one")
    for table in SOURCE_TABLES:
        assert summary.rows[table.name] >= 0
        assert list((tmp_path / "one" / path_of(table)).glob("*.parquet"))


def test_settings_and_progress_are_told(tmp_path: Path) -> None:
    calls: list[tuple[str, float]] = []
    config = SimulatorConfig(end=END, jobs=10, days=2)
    simulate(config, tmp_path / "x", progress=lambda what, share: calls.append((what, share)))
    assert [share for _, share in calls] == sorted(share for _, share in calls)
    assert calls[-1][1] == 1.0
    settings = json.loads((tmp_path / "x" / "simulation.json").read_text())
    assert (settings["jobs"], settings["end"]) == (10, END.isoformat())


def test_sensitive_columns_hold_something_to_drop(account: Account) -> None:
    jobs = account.table("lakeflow/jobs")
    runs = account.table("lakeflow/job_run_timeline")
    assert jobs["description"].str.contains("token=").all()
    assert runs["job_parameters"].dropna().map(lambda p: "api_token" in p).any()


def test_names_and_tags_are_as_messy_as_people_make_them(tmp_path: Path) -> None:
    simulate(SimulatorConfig(end=END, jobs=600, days=1, seed=3), tmp_path / "many")
    jobs = Account(tmp_path / "many", END).table("lakeflow/jobs")
    keys = {key for tags in jobs["tags"] for key in tags}
    assert {"team", "Team", "owning_team", "cost-center", "owner", "Owner", "contact"} <= keys
    assert {"tier", "criticality", "sla", "sla_minutes", "sla_deadline"} <= keys
    assert len(set(jobs["name"]) & set(HOSTILE_NAMES)) >= 3
    both = jobs.groupby("job_id")["workspace_id"].nunique()
    assert (both > 1).any(), "the same job id in two workspaces"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"jobs": 0}, "jobs must be between 1 and 100000, got 0"),
        ({"days": 1000}, "days must be between"),
        ({"failure_share": float("nan")}, "failure_share must be between"),
        (
            {"end": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)},
            "end must be a time in UTC",
        ),
        ({"end": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, "in UTC"),
        ({"serverless_share": 0.8, "all_purpose_share": 0.4}, "exceed 1 together"),
    ],
)
def test_settings_out_of_bounds_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        SimulatorConfig(**({"end": datetime(2026, 1, 1, tzinfo=UTC)} | change))  # type: ignore[arg-type]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        simulate(SimulatorConfig(end=END, jobs=2, days=1), tmp_path)
    with pytest.raises(UserError, match="is a file"):
        simulate(SimulatorConfig(end=END, jobs=2, days=1), tmp_path / "kept.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["kept.txt"]


def test_versions_of_a_job_follow_each_other(account: Account) -> None:
    jobs = account.table("lakeflow/jobs").sort_values(["workspace_id", "job_id", "change_time"])
    last = ~jobs.duplicated(["workspace_id", "job_id"], keep="last")
    assert jobs.loc[~last, "delete_time"].isna().all()
    assert (jobs.groupby(["workspace_id", "job_id"]).size() > 1).any()
    assert (jobs["change_time"] <= pd.Timestamp(END)).all()
    created = jobs["create_time"].notna()
    assert (jobs["create_time"] <= jobs["change_time"])[created].all()
    assert (jobs.loc[~created, "change_time"] < pd.Timestamp("2025-12-01", tz="UTC")).all()
    assert jobs.loc[~created, ["trigger", "paused", "health_rules"]].isna().all(axis=None)
    assert pa.types.is_map(account.arrow("lakeflow/jobs").schema.field("tags").type)
