"""Two writers at the same time: Delta lets one of them win, and the other's error says so by its name."""

from pyspark.errors import PySparkException

from pipeline.errors import UserError

_CONDITIONS = (
    "DELTA_CONCURRENT_",
    "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",
    "DELTA_TABLE_ALREADY_EXISTS",
    "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION",
    "TABLE_OR_VIEW_ALREADY_EXISTS",
)
"""How the names of such errors begin; the last three are of a table that two make at once."""


class Overtaken(UserError):
    """Another has written a table at the same time, and won."""


def is_conflict(error: PySparkException) -> bool:
    return (error.getCondition() or "").startswith(_CONDITIONS)
