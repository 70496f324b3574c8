"""The last night's runs are unlike the job."""

from pipeline.alert_settings import DIGEST, NEVER
from pipeline.alerts.conditions.condition import RUNS, Condition, Row
from pipeline.answers.values import text

__all__ = ["UNLIKE_ITSELF"]

_METRICS = {
    "duration_seconds": "duration",
    "queue_seconds": "wait in the queue",
    "setup_seconds": "setup",
    "list_cost": "cost",
    "dbu": "DBU",
    "hourly_list_cost": "cost an hour",
}


def _sentence(row: Row) -> str:
    metric = _METRICS.get(row["metric"], text(row["metric"]).replace("_", " "))
    more = "" if row["times"] == 1 else f", and {row['times'] - 1:,} more"
    return f"Unlike itself: {metric} {text(row['severity'])}{more}."


UNLIKE_ITSELF = Condition(
    name="unlike_itself",
    title="unlike itself",
    sentence=_sentence,
    stands_on=(RUNS,),
    rules=(DIGEST, DIGEST, NEVER),
    is_event=True,
)
