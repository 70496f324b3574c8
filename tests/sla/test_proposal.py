"""SLAs to propose, of the runs of one job; through the engine in tests/scoring/test_proposals.py."""

import pytest

from pipeline.sla.proposal import rounded_up


@pytest.mark.parametrize(
    ("seconds", "rounded"),
    [(0.0, 10), (61.0, 70), (130.0, 180), (601.0, 900), (3700.0, 4500), (20_000.0, 21_600)],
)
def test_limits_are_rounded_as_people_round(seconds: float, rounded: int) -> None:
    assert rounded_up(seconds) == rounded
