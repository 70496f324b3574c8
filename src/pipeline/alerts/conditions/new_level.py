"""Another duration, wait or cost has become usual."""

from pipeline.alert_settings import DIGEST, NEVER
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.answers.phrases import amount
from pipeline.answers.values import text

__all__ = ["NEW_LEVEL"]


def _sentence(row: Row) -> str:
    metric = text(row["metric"]).removesuffix("_seconds").replace("_", " ")
    since = row["began_at"]
    return (
        f"{metric.capitalize()} has been {row['ratio']:.1f}x what it was since {since.day} {since:%B}:"
        f" {amount(row, 'level')} where {amount(row, 'level_before')} was usual."
    )


NEW_LEVEL = Condition(
    name="new_level",
    title="has a new level",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(DIGEST, DIGEST, NEVER),
    is_event=True,
)
