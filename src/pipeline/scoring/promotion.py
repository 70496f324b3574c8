"""When a challenger becomes champion: every rule of `models/promotion.yml` for its family holds."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

_COMPARE = {"at_most": operator.le, "at_least": operator.ge}


@dataclass(frozen=True, slots=True)
class Rule:
    """`metric` of the challenger `compare` a bound: a number, or `factor` times the champion's."""

    metric: str
    compare: str
    bound: float
    times_champion: bool

    def holds(self, challenger: Mapping[str, float], champion: Mapping[str, float]) -> bool:
        """Whether the rule holds; a metric that is missing on a side it needs fails it."""
        if self.metric not in challenger:
            return False
        bound = self.bound
        if self.times_champion:
            if self.metric not in champion:
                return False
            bound *= champion[self.metric]
        return bool(_COMPARE[self.compare](challenger[self.metric], bound))


def load_rules(file: Path) -> dict[str, tuple[Rule, ...]]:
    """Rules by family; ValueError naming the entry that is not a rule."""
    rules: dict[str, tuple[Rule, ...]] = {}
    for family, entries in yaml.safe_load(file.read_text()).items():
        rules[family] = tuple(_rule(family, entry) for entry in entries)
    return rules


def _rule(family: str, entry: Mapping[str, object]) -> Rule:
    compared = [name for name in _COMPARE if name in entry]
    if "metric" not in entry or len(compared) != 1:
        raise ValueError(f"promotion rule {entry!r} of {family} needs metric and at_most or at_least")
    spelled = str(entry[compared[0]])
    number, _, of = spelled.partition(" x ")
    if of not in ("", "champion"):
        raise ValueError(f"promotion rule {entry!r} of {family}: write `1.02 x champion` or a number")
    return Rule(str(entry["metric"]), compared[0], float(number), bool(of))


def is_better(
    rules: Mapping[str, Sequence[Rule]],
    family: str,
    challenger: Mapping[str, float],
    champion: Mapping[str, float],
) -> bool:
    """Whether every rule of the family holds; a family without rules is never promoted by itself."""
    asked = rules.get(family, ())
    return bool(asked) and all(rule.holds(challenger, champion) for rule in asked)
