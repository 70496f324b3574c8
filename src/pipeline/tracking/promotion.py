"""When a challenger becomes champion: every rule of its family in `models/promotion.yml` holds."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

Metrics = Mapping[str, float]
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A metric of the challenger `op` a bound: factor x the champion's + margin, a value, or within
    a distance of a target."""

    metric: str
    compare: str
    op: str = "<="
    factor: float = 1.0
    margin: float = 0.0
    value: float = math.nan
    target: float = math.nan
    within: float = math.nan

    def __post_init__(self) -> None:
        needs = {"champion": (), "absolute": (self.value,), "target": (self.target, self.within)}
        if self.compare not in needs or any(map(math.isnan, needs[self.compare])):
            raise ValueError(
                f"promotion rule for {self.metric}: compare {self.compare!r} lacks its bound"
            )
        if self.op not in _OPERATORS:
            raise ValueError(
                f"promotion rule for {self.metric}: op must be one of {list(_OPERATORS)}"
            )

    def holds(self, challenger: Metrics, champion: Metrics) -> bool:
        """Whether it holds; a metric that a side lacks, or that is no number, fails it."""
        ours = challenger.get(self.metric, math.nan)
        if self.compare == "target":
            return abs(ours - self.target) <= self.within
        return _OPERATORS[self.op](ours, self._bound(champion))

    def _bound(self, champion: Metrics) -> float:
        if self.compare == "absolute":
            return self.value
        return self.factor * champion.get(self.metric, math.nan) + self.margin

    def broken_by(self, challenger: Metrics, champion: Metrics) -> str:
        """How the challenger breaks it, in words: what it has, and what it would need."""
        ours = challenger.get(self.metric, math.nan)
        if math.isnan(ours):
            return f"its {self.metric} is not known"
        if self.compare == "target":
            return f"its {self.metric} is {ours:.3g}, and not within {self.within:g} of {self.target:g}"
        bound = self._bound(champion)
        if math.isnan(bound):
            return f"the champion's {self.metric} is not known"
        return f"its {self.metric} is {ours:.3g}, and not {self.op} {bound:.3g}"


def load_rules(file: Path) -> dict[str, tuple[Rule, ...]]:
    """Rules by family; ValueError or TypeError for an entry that is not a rule."""
    return {
        family: tuple(Rule(**entry) for entry in entries)
        for family, entries in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    }


def refusal(rules: Sequence[Rule], challenger: Metrics, champion: Metrics) -> str | None:
    """Why the challenger does not become champion, by the first rule that it breaks; None where it
    breaks none. Without rules nothing is ever promoted."""
    if not rules:
        return "there are no rules for it"
    broken = (rule for rule in rules if not rule.holds(challenger, champion))
    return next((rule.broken_by(challenger, champion) for rule in broken), None)
