"""system.lakeflow.jobs: every version of every job, with its tags, trigger, owner and rules."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.tables import source
from pipeline.tables.types import arrow_type
from simulator.clock import ZONES, Bools, Ints, floor_to
from simulator.columns import (
    TAGS,
    coded,
    identifiers,
    integers,
    struct_of,
    table_of,
    timestamps,
)
from simulator.fleet.fleet import Fleet, Kind
from simulator.fleet.schedules import Schedules
from simulator.fleet.versions import COLUMNS_ADDED_US, Versions
from simulator.identity import WORKSPACE_IDS

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def jobs_table(
    fleet: Fleet, schedules: Schedules | None, versions: Versions, *, columns_came_late: bool
) -> Any:
    """system.lakeflow.jobs: every version of every job that has a definition.

    `columns_came_late`: the rows from before December 2025 lack the columns added then.
    """
    shown = np.flatnonzero(fleet.has_definition[versions.job])
    full = ~(columns_came_late & (versions.change_us[shown] < COLUMNS_ADDED_US))
    job, rows = versions.job[shown], len(shown)
    definitions = [versions.definitions[index] for index in shown]
    columns = {column.name: column for column in source.JOBS.columns}
    crons = [cron(fleet, schedules, index) for index in range(fleet.size)]
    scheduled = np.array([text is not None for text in crons], dtype=bool)[job] & full
    continuous = (fleet.kind[job] == Kind.CONTINUOUS) & full
    trigger_type = arrow_type(columns["trigger"].type)
    schedule = struct_of(
        trigger_type.field("schedule").type,
        rows,
        {
            "quartz_cron_expression": coded(crons, job),
            "timezone_id": coded_zones(fleet, schedules, job, scheduled),
        },
        scheduled,
    )
    endless = struct_of(
        trigger_type.field("continuous").type, rows, {"enabled": pa.array(continuous)}, continuous
    )
    rules: list[list[dict[str, Any]] | None] = [
        [{"metric": "RUN_DURATION_SECONDS", "operator": "GREATER_THAN",
          "value": d.sla.health_rule_seconds}] if d.sla.health_rule_seconds else []
        for d in definitions
    ]  # fmt: skip
    rules = [rule if is_full else None for rule, is_full in zip(rules, full, strict=True)]
    owners = pa.array([d.owner for d in definitions], type=pa.string())
    numbers = 10**9 + (np.arange(fleet.size) * 7919) % 10**6
    return table_of(
        source.JOBS,
        rows,
        {
            "workspace_id": coded(WORKSPACE_IDS, fleet.workspace[job]),
            "job_id": identifiers(fleet.job_number[job]),
            "name": pa.array([d.name for d in definitions], type=pa.string()),
            "description": pa.array(
                [
                    f"Maintained by {d.team}; token=dapi{index:032x}"
                    for index, d in enumerate(definitions)
                ]
            ),
            "creator_id": identifiers(numbers[job]),
            "tags": pa.array([d.all_tags for d in definitions], type=TAGS),
            "change_time": timestamps(versions.change_us[shown]),
            "delete_time": timestamps(versions.change_us[shown], versions.deletion[shown]),
            "run_as": identifiers(numbers[job]),
            "trigger": struct_of(
                trigger_type,
                rows,
                {"continuous": endless, "schedule": schedule},
                scheduled | continuous,
            ),
            "trigger_type": coded(
                ("CRON", "CONTINUOUS"), continuous.astype(np.int64), scheduled | continuous
            ),
            "run_as_user_name": pc.if_else(pa.array(full), owners, None),
            "creator_user_name": pc.if_else(pa.array(full), owners, None),
            "paused": pa.array(np.array([d.paused for d in definitions], dtype=bool), mask=~full),
            "timeout_seconds": integers(fleet.timeout_seconds[job], full),
            "health_rules": pa.array(rules, type=arrow_type(columns["health_rules"].type)),
            "create_time": timestamps(floor_to(fleet.created_us[job], 1000), full),
        },
    )


def coded_zones(fleet: Fleet, schedules: Schedules | None, job: Ints, is_scheduled: Bools) -> Any:
    """The time zones of the jobs' schedules, NULL where they have none."""
    return coded(ZONES, _zone_of_cron(fleet, schedules)[job], is_scheduled)


def _zone_of_cron(fleet: Fleet, schedules: Schedules | None) -> Ints:
    """Hours of the day are those of UTC for jobs that run several times a day."""
    if schedules is None:
        return np.zeros(fleet.size, dtype=np.int64)
    return np.where(fleet.kind == Kind.HOURLY, 0, schedules.zone)


def cron(fleet: Fleet, schedules: Schedules | None, job: int) -> str | None:
    """The quartz expression of a scheduled job."""
    if schedules is None:
        return None
    hour, minute = divmod(int(schedules.minute_of_day[job]), 60)
    match fleet.kind[job]:
        case Kind.HOURLY:
            return f"0 {minute} 0/{schedules.interval_hours[job]} * * ?"
        case Kind.NIGHTLY | Kind.WEEKLY:
            weekday = int(schedules.weekday[job])
            days = {-1: None, -2: "MON-FRI"}.get(weekday, _WEEKDAYS[weekday])
            return f"0 {minute} {hour} ? * {days}" if days else f"0 {minute} {hour} * * ?"
    return None
