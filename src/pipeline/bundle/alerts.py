"""SQL alerts on our own tables: what people should hear of even when we ourselves cannot say it.

Each asks for one number in one row, above 0 where something is wrong: the platform looks at no more. The
column is displayed by its own name, since the platform renames it otherwise and the alert never fires
(github.com/databricks/terraform-provider-databricks/issues/5766).
"""

from typing import Any, Final

from pipeline.bundle.environment import DISTRIBUTION
from pipeline.dashboards.dashboard import TITLE
from pipeline.tables.gold import LIKELY_TO_MISS

CATALOG: Final = "`${var.catalog}`"
SUBSCRIBERS: Final = "${var.alert_subscribers}"
FLAG: Final = "flag"
"""The column of each query."""
_LATE_HOURS: Final = 36
_WAITING_HOURS: Final = 12
_LOOKED_AT: Final = "0 0 7 * * ?"
"""After the night, all at once, so that the warehouse starts once a day."""
_AGAIN_SECONDS: Final = 86_400

_NIGHT_IS_LATE: Final = f"""\
-- 1 where no night has said anything of the last {_LATE_HOURS} hours: `job_verdicts` is what it says last.
SELECT CAST(
  coalesce(max(s.as_of) < current_timestamp() - INTERVAL '{_LATE_HOURS}' HOUR, true) AS INT
) AS {FLAG}
FROM {CATALOG}.gold.night_steps s
WHERE s.step = 'job_verdicts'
"""
_CRITICAL_JOBS: Final = f"""\
-- Jobs of tier 1 whose last verdict is a failure, or whose next run will more likely miss its SLA than not.
SELECT count(*) AS {FLAG}
FROM {CATALOG}.gold.jobs j
LEFT JOIN {CATALOG}.gold.job_health h
  ON h.workspace_id = j.workspace_id AND h.series_key = j.series_key
LEFT JOIN {CATALOG}.gold.job_forecast f
  ON f.workspace_id = j.workspace_id AND f.series_key = j.series_key
WHERE j.tier = 1 AND j.state NOT IN ('paused', 'deleted')
  AND (h.is_failing OR f.p_miss >= {LIKELY_TO_MISS})
"""
_MESSAGES_NOT_DELIVERED: Final = f"""\
-- Messages that were given up in the last day, or that wait for more than {_WAITING_HOURS} hours.
SELECT count(*) AS {FLAG}
FROM {CATALOG}.ops.outbox o
LEFT JOIN {CATALOG}.ops.deliveries d ON d.message_id = o.message_id
WHERE CASE coalesce(d.state, 'pending')
  WHEN 'dead' THEN
    coalesce(d.last_attempted_at, o.decided_at) >= current_timestamp() - INTERVAL '1' DAY
  WHEN 'pending' THEN o.decided_at < current_timestamp() - INTERVAL '{_WAITING_HOURS}' HOUR
  ELSE false
END
"""
_QUERIES: Final = {
    "night_is_late": (
        _NIGHT_IS_LATE,
        f"no night for {_LATE_HOURS} hours",
        f"Look at the last run of the job {DISTRIBUTION} nightly, and at rightrun show nights.",
    ),
    "critical_jobs": (
        _CRITICAL_JOBS,
        "a critical job fails or is likely to miss",
        "See rightrun show failing --tier 1 and rightrun show forecasts --tier 1.",
    ),
    "messages_not_delivered": (
        _MESSAGES_NOT_DELIVERED,
        "messages are not delivered",
        "See rightrun alerts outbox, mend what it says, then rightrun alerts retry.",
    ),
}


def alerts(*, is_on: bool) -> dict[str, Any]:
    """All of them; paused unless somebody is told."""
    return {
        name: {
            "display_name": f"{TITLE}: {title}",
            "query_text": query,
            "warehouse_id": "${var.warehouse_id}",
            "evaluation": {
                "source": {"name": FLAG, "display": FLAG},
                "comparison_operator": "GREATER_THAN",
                "threshold": {"value": {"double_value": 0}},
                "empty_result_state": "OK",
                "notification": {
                    "notify_on_ok": True,
                    "retrigger_seconds": _AGAIN_SECONDS,
                    "subscriptions": SUBSCRIBERS,
                },
            },
            "schedule": {
                "quartz_cron_schedule": _LOOKED_AT,
                "timezone_id": "UTC",
                "pause_status": "UNPAUSED" if is_on else "PAUSED",
            },
            "custom_description": advice,
            "permissions": [{"level": "CAN_READ", "group_name": "${var.readers}"}],
        }
        for name, (query, title, advice) in _QUERIES.items()
    }
