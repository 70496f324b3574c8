"""What every page can be filtered by, and how a filter's values reach the SQL of a dataset.

A filter is a parameter of the SQL. One of several values is an array, NULL or empty for all; one of days
is two, the first and the last; unset is the same as NULL.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FilterKind(StrEnum):
    """How many values a filter has."""

    SEVERAL = "several"
    ONE = "one"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Filter:
    """`name` is the parameter's, and the one that an address holds; `choices` is the column of the dataset
    `filter_choices` that lists its values, empty for days; `set_by` is the column of rows that lead to the
    page with this filter, each to what it says of itself there."""

    name: str
    label: str
    kind: FilterKind
    choices: str = ""
    set_by: str = ""


WORKSPACE: Final = Filter("workspace", "Workspace", FilterKind.SEVERAL, "workspace")
TEAM: Final = Filter("team", "Team", FilterKind.SEVERAL, "team")
OWNER: Final = Filter("owner", "Owner", FilterKind.SEVERAL, "owner")
TIER: Final = Filter("tier", "Tier", FilterKind.SEVERAL, "tier")
DATE: Final = Filter("date", "Date", FilterKind.DAYS)
DAYS_SHOWN: Final = 30
"""Days to the last night's, where no date is chosen: `datasets/parts/period.sql`."""
JOB: Final = Filter("job", "Job", FilterKind.ONE, "job", set_by="series_key")
"""The job that the page Job is about, by its key, or by its name with the key as `filter_choices` has it."""

EVERYWHERE: Final = (WORKSPACE, TEAM, OWNER, TIER, DATE)
FILTERS: Final = {one.name: one for one in (*EVERYWHERE, JOB)}
