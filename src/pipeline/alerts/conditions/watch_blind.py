"""A workspace is not seen between nights: not in full, or not any more."""

from pipeline.alert_settings import NOW
from pipeline.alerts.conditions.condition import Condition, Row
from pipeline.answers.values import shown, text

__all__ = ["WATCH_BLIND"]


def _sentence(row: Row) -> str:
    if row.get("has_stopped"):
        return (
            f"Nobody has looked since {shown('at', row['began_at'])} UTC: rightrun watch has stopped, or its job is"
            " paused. What fails there is told by the next night."
        )
    return (
        f"Not told in full since {shown('at', row['began_at'])} UTC, {row['times']:,} times in a row:"
        f" {text(row['problem'])}. What fails there is told by the next night."
    )


WATCH_BLIND = Condition(
    name="watch_blind",
    title="not seen between nights",
    sentence=_sentence,
    stands_on=(),
    rules=(NOW, NOW, NOW),
)
