"""The dashboard as a resource, and the task that brings it up to date after a night and sends it."""

from typing import Any

from pipeline.bundle.environment import DISTRIBUTION
from pipeline.dashboards.dashboard import TITLE
from pipeline.tables.declaration import Layer

DASHBOARD = DISTRIBUTION
DASHBOARD_FILE = f"dashboards/{DASHBOARD}.lvdash.json"
"""From the folder of the resource that names it."""
HAS_WAREHOUSE = "has_warehouse"
REFRESH = "dashboard"
_WAREHOUSE = "${var.warehouse_id}"
_SUBJECT = f"{TITLE}: last night"


def dashboards() -> dict[str, Any]:
    """One, whose SQL names tables alone: each target has them in its own catalog.

    The schema is as a night names it, which in development is not as the bundle would. Whoever looks at it
    does so with what they may read themselves.
    """
    return {
        DASHBOARD: {
            "display_name": TITLE,
            "file_path": DASHBOARD_FILE,
            "warehouse_id": _WAREHOUSE,
            "dataset_catalog": "${var.catalog}",
            "dataset_schema": Layer.GOLD.schema,
            "embed_credentials": False,
            "permissions": [{"level": "CAN_READ", "group_name": "${var.readers}"}],
        }
    }


def refresh_tasks(stages_before: tuple[str, ...]) -> list[dict[str, Any]]:
    """After the last stages, where the target has a warehouse: a night itself needs none."""
    return [
        {
            "task_key": HAS_WAREHOUSE,
            "depends_on": [{"task_key": stage} for stage in stages_before],
            # Whatever stands before the id keeps an empty one from being no text at all.
            "condition_task": {
                "left": f"id:{_WAREHOUSE}",
                "op": "NOT_EQUAL",
                "right": "id:",
            },
        },
        {
            "task_key": REFRESH,
            "depends_on": [{"task_key": HAS_WAREHOUSE, "outcome": "true"}],
            "dashboard_task": {
                "dashboard_id": f"${{resources.dashboards.{DASHBOARD}.id}}",
                "warehouse_id": _WAREHOUSE,
                "subscription": {
                    "custom_subject": _SUBJECT,
                    "subscribers": "${var.subscribers}",
                },
            },
        },
    ]
