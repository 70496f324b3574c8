"""Its last verdict is a failure."""

from pipeline.alert_settings import DIGEST, NOW, after
from pipeline.alerts.conditions.condition import RUNS, TASKS, Condition, Row
from pipeline.answers.values import shown, text

__all__ = ["FAILED"]


def _sentence(row: Row) -> str:
    times = row["times"]
    how_often = "Failed" if times <= 1 else f"Failed {times:,} times in a row"
    why = f" with {text(row['termination_code'])}" if row["termination_code"] else ""
    where = f" in task {text(row['failed_task_key'])}" if row["failed_task_key"] else ""
    last = (
        f"last success {shown('at', row['last_success_at'])} UTC"
        if row["last_success_at"]
        else "no success is known"
    )
    error = f" Its error begins: {text(row['error_line'])}" if row.get("error_line") else ""
    return f"{how_often}{why}{where}, since {shown('at', row['began_at'])} UTC; {last}.{error}"


FAILED = Condition(
    name="failed",
    title="failing",
    sentence=_sentence,
    stands_on=(RUNS, TASKS),
    rules=(NOW, after(2), DIGEST),
)
