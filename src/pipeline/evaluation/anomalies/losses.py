"""Where another method finds more strange runs than ours with as many flags, or fewer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from optimizer.evaluation.anomalies.methods import CONTROLS, OURS
from pipeline.evaluation.anomalies.pictures import short_name

ERRORS: Final = 1.96
ALL_KNOWING: Final = "all_knowing"
"""The test that knows the true law, where there is one: it cannot be beaten."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A method that finds more runs made strange by a factor."""

    method: str
    factor: str
    found: float
    ours: float
    ahead_error: float | None
    """The standard error of the difference, over jobs."""
    runs: int
    """That were made strange."""

    @property
    def is_clear(self) -> bool:
        """Whether the 95 % interval of the difference, over jobs, leaves out nothing."""
        error = self.ahead_error
        return error is not None and self.found - self.ours > ERRORS * error

    @property
    def sentence(self) -> str:
        return (
            f"{short_name(self.method)} finds {self.found:.1%} of runs that take {self.factor} times as long,"
            f" ours {self.ours:.1%} (of {self.runs:,})"
        )


def losses(comparison: Mapping[str, Any]) -> list[Loss]:
    """Of one comparison, the worst first; controls and the test that knows the true law do not count."""
    lost = []
    ours = comparison["methods"][OURS]
    for method, scores in comparison["methods"].items():
        if method in CONTROLS or method == ALL_KNOWING:
            continue
        for factor, alike in scores["alike"].items():
            if (alike["ahead"] or 0.0) > 0.0:
                lost.append(
                    Loss(
                        method, factor, alike["found"], ours["found"][factor],
                        alike["ahead_error"], comparison["strange"],
                    )
                )  # fmt: skip
    return sorted(lost, key=lambda loss: loss.ours - loss.found)
