"""What a night gives to steps, where a test cares for its time only."""

from datetime import datetime
from typing import Any

from pipeline.settings import Settings
from pipeline.steps.given import Given

_SETTINGS = Settings()


def given_at(as_of: datetime, **values: Any) -> Given:
    """As a night with default settings that speaks of `as_of` and knows no costs, but for `values`."""
    default: dict[str, Any] = {
        "last_cost_day": None,
        "currency_code": _SETTINGS.currency_code,
        "run_name_rules": _SETTINGS.run_name_rules,
        "default_run_names": _SETTINGS.default_run_names,
        "holidays": _SETTINGS.holidays,
        "left_out": _SETTINGS.left_out,
        "alert_floor_minutes": _SETTINGS.alert_floor_minutes,
        "alert_floor_cost": _SETTINGS.alert_floor_cost,
    }
    return Given(as_of=as_of, **(default | values))
