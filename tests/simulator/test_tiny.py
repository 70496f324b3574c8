"""Fleets so small that nothing happens in them: no run, no definition, no usage."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.tables import source
from simulator import SimulatorConfig, append_day, simulate
from simulator.quirks import ALL, NONE

_END = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("quirks", [ALL, NONE], ids=["all quirks", "no quirk"])
@pytest.mark.parametrize(("days", "seed"), [(1, 12), (2, 30), (14, 8), (14, 21)])
def test_an_account_without_a_run_is_an_account(
    tmp_path: Path, days: int, seed: int, quirks: frozenset[str]
) -> None:
    summary = simulate(
        SimulatorConfig(jobs=1, days=days, seed=seed, end=_END, quirks=quirks), tmp_path
    )
    assert summary.rows["truth.runs"] == 0
    append_day(tmp_path)
    # Each table is there all the same, and tells its columns.
    for table in source.SOURCE_TABLES:
        schema, name = table.place
        files = sorted((tmp_path / schema / name).glob("*.parquet"))
        columns = [column.name for column in table.columns if column.name != "account_id"]
        assert set(columns) <= {*pq.read_schema(files[-1]).names}, table.system_name
