"""A run in progress will more likely miss its SLA than not, or has used most of what it allows."""

from pipeline.alert_settings import DIGEST, NEVER, NOW
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.answers.values import share, shown
from pipeline.sla.durations import duration

__all__ = ["AT_RISK"]


def _sentence(row: Row) -> str:
    risk = (
        ""
        if row["p_miss"] is None
        else f"misses its SLA with a probability of {share(row['p_miss'])}"
    )
    used = (
        f"has used {share(row['elapsed_seconds'] / row['allowed_seconds'])} of the"
        f" {duration(row['allowed_seconds'])} it may take"
        if row["allowed_seconds"]
        else ""
    )
    due = f"success is due {shown('at', row['due_at'])} UTC" if row["due_at"] else ""
    ends = (
        f"it is expected to end {shown('at', row['expected_end_at'])} UTC"
        if row["expected_end_at"]
        else ""
    )
    first, *more = filter(None, (risk, used, due, ends))
    rest = "".join(f"; {words}" for words in more)
    return f"The run that began {shown('at', row['began_at'])} UTC {first}{rest}."


AT_RISK = Condition(
    name="at_risk",
    title="about to miss its SLA",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(NOW, DIGEST, NEVER),
)
