"""A run succeeded in so little time that it may have done nothing."""

from pipeline.alert_settings import DIGEST, NOW
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.sla.durations import duration

__all__ = ["SUSPICIOUSLY_SHORT"]


def _sentence(row: Row) -> str:
    return (
        f"A run succeeded in {duration(row['value'])} where {duration(row['center'])} is usual: look"
        " whether it has read and written what it should."
    )


SUSPICIOUSLY_SHORT = Condition(
    name="suspiciously_short",
    title="suspiciously short",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(NOW, DIGEST, DIGEST),
    is_event=True,
)
