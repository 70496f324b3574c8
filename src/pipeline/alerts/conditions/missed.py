"""A run of the last two days missed its SLA."""

from pipeline.alert_settings import DIGEST, NOW
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.answers.phrases import terms
from pipeline.answers.values import shown
from pipeline.sla.durations import duration

__all__ = ["MISSED"]


def _sentence(row: Row) -> str:
    times, late = row["times"], row["late_seconds"]
    is_one = times == 1
    runs = "" if is_one else f" {times:,} times in two days,"
    by = "without a success" if late is None else f"by {duration(late)}"
    last = "" if is_one else " the last time"
    return f"Missed its SLA ({terms(row)}){runs}{last} {by}, at {shown('at', row['seen_at'])} UTC."


MISSED = Condition(
    name="missed",
    title="missed its SLA",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(NOW, NOW, DIGEST),
    is_event=True,
)
