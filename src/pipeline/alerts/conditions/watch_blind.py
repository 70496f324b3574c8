"""A workspace is not seen between nights, or not in full."""

from pipeline.alert_settings import NOW
from pipeline.alerts.conditions.condition import Condition, Row
from pipeline.answers.values import shown, text

__all__ = ["WATCH_BLIND"]


def _sentence(row: Row) -> str:
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
