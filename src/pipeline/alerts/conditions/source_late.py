"""RightRun itself sees less than it should: a source is late or has lost what it had."""

from pipeline.alert_settings import NOW
from pipeline.alerts.conditions.condition import Condition, Row
from pipeline.answers.values import shown

__all__ = ["SOURCE_LATE"]


def _sentence(row: Row) -> str:
    if row["gap"] != "within":
        return (
            f"Nothing was received from it for {row['gap_hours']:,.0f} hours, longer than it keeps files for"
            " readers: what came between may be missing."
        )
    return (
        f"It was {row['behind_hours']:,.0f} hours behind when it was read, and speaks of nothing after"
        f" {shown('at', row['began_at'])} UTC: what stands on it is held until it has caught up."
    )


SOURCE_LATE = Condition(
    name="source_late",
    title="late",
    sentence=_sentence,
    stands_on=(),
    rules=(NOW, NOW, NOW),
)
