"""An account that grows by a day: what was written stays, and what comes is what would have come."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from simulator import SimulatorConfig, append_day, from_log, simulate
from simulator.quirks import ALL
from tests.simulator.conftest import END, config

SMALL = config(jobs=40, days=3, reserve_days=5)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*.parquet"))
    }


def later(config: SimulatorConfig, days: int) -> SimulatorConfig:
    for _ in range(days):
        config = config.later()
    return config


def test_a_day_appended_is_the_account_looked_at_a_day_later(tmp_path: Path) -> None:
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    simulate(SMALL, grown)
    for day in (1, 2, 3):
        before = digests(grown)
        append_day(grown)
        after = digests(grown)
        earlier_files = {name: digest for name, digest in before.items()
                if "snapshot" not in name and not name.startswith("truth")}  # fmt: skip
        assert {name: after[name] for name in earlier_files} == earlier_files
        new = {Path(name).stem for name in set(after) - set(before)}
        assert new == {str((END + timedelta(days=day)).date())}
    simulate(later(SMALL, 3), whole)
    assert digests(grown) == digests(whole)
    assert (grown / "simulation.json").read_bytes() == (whole / "simulation.json").read_bytes()


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    quirks=st.frozensets(st.sampled_from(sorted(ALL))),
    split=st.integers(1, 3),
    hour=st.integers(0, 23),
)
def test_every_file_of_a_shorter_look_is_a_file_of_a_longer_one(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    quirks: frozenset[str],
    split: int,
    hour: int,
) -> None:
    """Whatever the quirks: the rows of a day do not depend on when the account is looked at."""
    # Across both the added columns and the new slicing, now and then.
    end = [END, datetime(2025, 12, 2, hour, tzinfo=END.tzinfo),
           datetime(2026, 1, 20, hour, tzinfo=END.tzinfo)][split - 1]  # fmt: skip
    short = replace(SMALL, seed=seed, quirks=quirks, jobs=25, end=end, days=split, reserve_days=4)
    folder = tmp_path_factory.mktemp("looks")
    simulate(short, folder / "short")
    simulate(later(short, 2), folder / "long")
    first, second = digests(folder / "short"), digests(folder / "long")
    for name, digest in first.items():
        if "snapshot" not in name and not name.startswith("truth"):
            assert second[name] == digest, name


def test_late_rows_and_corrections_arrive_with_the_days_appended(tmp_path: Path) -> None:
    simulate(replace(SMALL, jobs=120, days=6), tmp_path / "a")
    append_day(tmp_path / "a")
    file = f"{(END + timedelta(days=1)).date()}.parquet"
    usage = pq.read_table(tmp_path / "a" / "billing" / "usage" / file).to_pandas()
    age = pd.to_datetime(usage["ingestion_date"]) - pd.to_datetime(usage["usage_date"])
    assert (age > pd.Timedelta(days=2)).any()
    assert {"RETRACTION", "ORIGINAL"} <= set(usage["record_type"])
    runs = pq.read_table(tmp_path / "a" / "lakeflow" / "job_run_timeline" / file).to_pandas()
    assert (runs["period_end_time"] < pd.Timestamp(END) - pd.Timedelta(hours=3)).any()


def test_the_reserve_ends_with_a_sentence(tmp_path: Path) -> None:
    simulate(config(jobs=5, days=1, reserve_days=1), tmp_path / "a")
    append_day(tmp_path / "a")
    before = digests(tmp_path / "a")
    with pytest.raises(UserError, match="held in reserve are used up"):
        append_day(tmp_path / "a")
    assert digests(tmp_path / "a") == before


def test_only_an_account_of_ours_can_grow(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no simulated account"):
        append_day(tmp_path)
    (tmp_path / "simulation.json").write_text('{"end": "2026-01-01"}')
    with pytest.raises(UserError, match="written by another release"):
        append_day(tmp_path)
    log = pd.DataFrame(
        {"job_id": ["a"], "run_id": ["1"], "start_time": [pd.Timestamp(END)],
         "duration_seconds": [5.0], "status": ["SUCCEEDED"]}
    )  # fmt: skip
    log.to_parquet(tmp_path / "log.parquet")
    from_log(tmp_path / "log.parquet", tmp_path / "log", end=END, seed=1)
    with pytest.raises(UserError, match="made of a run log"):
        append_day(tmp_path / "log")
