"""The time it is at a source."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.sources.address import now_at


@pytest.mark.parametrize(
    ("days_given", "days_ahead"), [(-3.5, 0), (-0.01, 0), (0.4, 1), (1.0, 1), (4.9, 5)]
)
def test_of_days_still_to_come_a_simulated_account_knows_the_time(
    days_given: float, days_ahead: int, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    end = (before + timedelta(days=days_given)).isoformat()
    (tmp_path / "simulation.json").write_text(json.dumps({"end": end}))
    told = now_at(f"simulated:{tmp_path}") - timedelta(days=days_ahead)
    assert before <= told <= datetime.now(UTC)
    # An export's clock is the one here, whatever lies in its folder.
    assert before <= now_at(f"export:{tmp_path}") <= datetime.now(UTC)


@pytest.mark.parametrize("settings", ["", "[]", "{}", '{"end": 7}', '{"end": "2026-01-01"}'])
def test_an_account_that_does_not_tell_its_end_goes_by_the_clock_here(
    settings: str, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    assert before <= now_at(f"simulated:{tmp_path}") <= datetime.now(UTC)
    (tmp_path / "simulation.json").write_text(settings)
    assert before <= now_at(f"simulated:{tmp_path}") <= datetime.now(UTC)
