"""What may hold of a job or a source, each with the sentence that says it to a person."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipeline.alerts.conditions.at_risk import AT_RISK
from pipeline.alerts.conditions.condition import Condition
from pipeline.alerts.conditions.did_not_come import DID_NOT_COME
from pipeline.alerts.conditions.failed import FAILED
from pipeline.alerts.conditions.likely_to_miss import LIKELY_TO_MISS
from pipeline.alerts.conditions.missed import MISSED
from pipeline.alerts.conditions.new_level import NEW_LEVEL
from pipeline.alerts.conditions.source_late import SOURCE_LATE
from pipeline.alerts.conditions.suspiciously_short import SUSPICIOUSLY_SHORT
from pipeline.alerts.conditions.unlike_itself import UNLIKE_ITSELF
from pipeline.alerts.conditions.watch_blind import WATCH_BLIND

__all__ = ["CONDITIONS", "Condition"]

CONDITIONS: Final[Mapping[str, Condition]] = MappingProxyType(
    {
        condition.name: condition
        for condition in (
            FAILED,
            DID_NOT_COME,
            MISSED,
            AT_RISK,
            LIKELY_TO_MISS,
            SUSPICIOUSLY_SHORT,
            UNLIKE_ITSELF,
            NEW_LEVEL,
            SOURCE_LATE,
            WATCH_BLIND,
        )
    }
)
"""By name, what weighs most first: in that order a message names them."""
