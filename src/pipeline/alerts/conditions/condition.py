"""What a condition is: a question on Gold whose rows hold, and how each is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.alert_settings import Rule

Row = Mapping[str, Any]

RUNS = "system.lakeflow.job_run_timeline"
TASKS = "system.lakeflow.job_task_run_timeline"
USAGE = "system.billing.usage"


@dataclass(frozen=True, slots=True)
class Condition:
    """`name` is that of its question, `answers/conditions/NAME.sql`, whose rows are the subjects of which it holds."""

    name: str
    title: str
    """What holds, in two or three words, after the name of a job."""
    sentence: Callable[[Row], str]
    """A row of its question as a sentence about the subject, which it does not name."""
    stands_on: tuple[str, ...]
    """The sources without which neither its coming nor its going can be believed."""
    rules: tuple[Rule, Rule, Rule]
    """What becomes of it for jobs of tier 1, 2 and 3, where no policy says otherwise."""
    is_event: bool = False
    """Whether it has happened rather than holds: nobody is told that it is over."""

    def rule(self, tier: int) -> Rule:
        return self.rules[tier - 1]
