"""Whether a challenger becomes champion, and the words for why not."""

import pytest

from pipeline.tracking.families import FAMILIES
from pipeline.tracking.model_cards import card
from pipeline.tracking.model_versions import Registered
from pipeline.tracking.night_description import promotions
from pipeline.tracking.promotion import Rule, load_rules, refusal
from pipeline.wheel import models_folder

BRIER = Rule("brier", "champion", factor=1.05, margin=0.001)
COVERAGE = Rule("coverage_90", "target", target=0.9, within=0.05)
P_MISS = Rule("max_p_miss", "absolute", value=0.05)


@pytest.mark.parametrize(
    ("rule", "challenger", "reason"),
    [
        (BRIER, {"brier": 0.1059}, None),
        (BRIER, {"brier": 0.107}, "its brier is 0.107, and not <= 0.106"),
        (BRIER, {}, "its brier is not known"),
        (COVERAGE, {"coverage_90": 0.86}, None),
        (COVERAGE, {"coverage_90": 0.84}, "its coverage_90 is 0.84, and not within 0.05 of 0.9"),
        (P_MISS, {"max_p_miss": 0.06}, "its max_p_miss is 0.06, and not <= 0.05"),
    ],
)
def test_a_broken_rule_says_what_the_challenger_has_and_would_need(
    rule: Rule, challenger: dict[str, float], reason: str | None
) -> None:
    assert refusal([rule], challenger, {"brier": 0.1}) == reason


def test_the_first_broken_rule_is_the_reason() -> None:
    challenger = {"brier": 0.1, "coverage_90": 0.7, "max_p_miss": 0.5}
    reason = refusal([BRIER, COVERAGE, P_MISS], challenger, {"brier": 0.1})
    assert reason == "its coverage_90 is 0.7, and not within 0.05 of 0.9"


def test_nothing_is_promoted_that_cannot_be_compared() -> None:
    assert refusal([BRIER], {"brier": 0.1}, {}) == "the champion's brier is not known"
    assert refusal([], {"brier": 0.1}, {"brier": 0.2}) == "there are no rules for it"


def test_a_sentence_says_which_models_became_champion() -> None:
    forecast = Registered("duration_forecast", 2, True, "no rule of promotion broken")
    baseline = Registered("job_baseline", 2, True, "no rule of promotion broken")
    sizing = Registered("cluster_sizing", 2, False, f"{_REASON}, so version 1 stays")
    assert promotions([forecast, baseline]) == (
        "All models became champion (no rule of promotion broken)."
    )
    assert promotions([forecast, baseline, sizing]) == (
        "duration_forecast and job_baseline became champion (no rule of promotion broken);"
        f" cluster_sizing did not become champion: {_REASON}, so version 1 stays."
    )
    assert promotions([sizing]).startswith("cluster_sizing did not become champion: its")


_REASON = "its jobs_assessed_share is 0.05, and not >= 0.1"


def test_every_family_has_rules_and_a_card_that_stands_alone() -> None:
    rules = load_rules(models_folder() / "promotion.yml")
    assert set(rules) == {family.name for family in FAMILIES}
    for family in FAMILIES:
        description = card(family.name)
        assert description.startswith("**Purpose.**")
        assert "](" not in description, "MLflow has none of the files that a card links to"
        items = description.split("**Known failures.**\n")[1].splitlines()
        assert all(item.startswith("- ") and item.endswith(".") for item in items)
