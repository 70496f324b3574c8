"""Every setting is refused outside its declared bounds, by a message made from the declaration."""

import math
import re

import pytest

from optimizer.config import BaselineConfig, ForecastConfig, SizingConfig, settings_of

CONFIGS = (ForecastConfig, BaselineConfig, SizingConfig)
DECLARED = [(config, one) for config in CONFIGS for one in settings_of(config)]
named = pytest.mark.parametrize(
    ("config", "one"), DECLARED, ids=[declared.path for _, declared in DECLARED]
)


@named
def test_declaration_is_complete(config, one) -> None:
    assert one.unit
    assert one.meaning.endswith(".")
    assert one.bounds.holds(one.default)


@named
def test_values_outside_the_bounds_are_refused(config, one) -> None:
    name = one.path.split(".")[1]
    below = one.bounds.low if one.bounds.open_low else one.bounds.low - 1
    above = one.bounds.high if one.bounds.open_high else one.bounds.high + 1
    wrong = [one.kind(below), one.kind(above), math.nan, math.inf, "7", None, True]
    if one.kind is int:
        wrong.append(one.default + 0.5)
    for value in wrong:
        refusal = (
            f"{one.path} must be .*in {re.escape(str(one.bounds))}, got {re.escape(repr(value))}"
        )
        with pytest.raises(ValueError, match=refusal):
            config(**{name: value})


@named
def test_ends_of_closed_bounds_are_accepted(config, one) -> None:
    name = one.path.split(".")[1]
    ends = [
        (one.bounds.low, one.bounds.open_low),
        (one.bounds.high, one.bounds.open_high),
    ]
    for end, is_open in ends:
        if not is_open:
            assert getattr(config(**{name: one.kind(end)}), name) == end


def test_message_reads_as_declared() -> None:
    with pytest.raises(
        ValueError,
        match=r"^forecast\.failure_half_life_days must be in \(0, 365\], got -1$",
    ):
        ForecastConfig(failure_half_life_days=-1)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(TypeError, match="half_live"):
        ForecastConfig(half_live_days=3.0)
