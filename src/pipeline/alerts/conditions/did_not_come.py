"""No run came though its schedule let expect one."""

from pipeline.alert_settings import DIGEST, NOW
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.answers.values import shown

__all__ = ["DID_NOT_COME"]


def _sentence(row: Row) -> str:
    missing, expected = row["times"], row["expected_runs"]
    runs = (
        "The run that was expected did not come"
        if expected == 1
        else f"{missing:,} of {expected:,} expected runs did not come"
    )
    last = (
        f"; the last one ended {shown('at', row['last_ended_at'])} UTC"
        if row["last_ended_at"]
        else ""
    )
    return f"{runs} in the 24 hours to {shown('at', row['began_at'])} UTC{last}."


DID_NOT_COME = Condition(
    name="did_not_come",
    title="did not come",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(NOW, NOW, DIGEST),
)
