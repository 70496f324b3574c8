"""Its next run will more likely miss the SLA than not."""

from pipeline.alert_settings import DIGEST, NOW
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.answers.values import share, shown
from pipeline.sla.durations import duration

__all__ = ["LIKELY_TO_MISS"]

_REASONS = {
    "p_miss_duration": "it takes too long",
    "p_miss_failure": "it fails",
    "p_miss_start": "it starts too late",
    "p_miss_upstream": "the job that starts it is too late",
}


def _sentence(row: Row) -> str:
    reason = max(_REASONS, key=lambda part: row[part] or 0.0)
    due = (
        f"success is due {shown('at', row['due_at'])} UTC"
        if row["due_at"]
        else f"its SLA allows {duration(row['allowed_seconds'])}"
    )
    usual = (
        f", one like it takes {duration(row['p50_seconds'])} to {duration(row['p95_seconds'])}"
        if row["p50_seconds"] is not None and row["p95_seconds"] is not None
        else ""
    )
    return (
        f"The run expected {shown('at', row['next_start_at'])} UTC misses its SLA with a probability of"
        f" {share(row['p_miss'])}, most likely because {_REASONS[reason]}: {due}{usual}."
    )


LIKELY_TO_MISS = Condition(
    name="likely_to_miss",
    title="likely to miss its SLA",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(NOW, DIGEST, DIGEST),
)
