"""Gold of jobs: what is known of each."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import SERIES, SERIES_BASIS, WORKSPACE
from pipeline.tables.silver.jobs import PERIODIC
from pipeline.tables.silver.sla import SLA

JOBS = Table(
    layer=Layer.GOLD,
    name="jobs",
    grain="one job that is defined or has run, as it is now",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        SERIES_BASIS,
        Column("job_id", "string", "Job; NULL for submitted runs, whose job id is new each time"),
        Column("name", "string", "Newest name known: of its versions, else its runs, else billing"),
        Column("workspace_name", "string", "Workspace's name"),
        Column("url", "string", "Link to the job"),
        Column("team", "string", "Team"),
        Column("team_source", "string", "The tag's key the team came from"),
        Column("owner", "string", "Owner"),
        Column("owner_source", "string", "The tag's key, or run_as, or creator"),
        Column("tier", "int", "1 critical, 2 important, 3 the rest", minimum=1, maximum=3),
        Column("tier_source", "string", "The tag's key the tier came from"),
        *SLA,
        Column("sla_problem", "string", "A declared SLA that could not be read, and why"),
        Column("cron", "string", "Quartz cron expression of the schedule"),
        Column("timezone", "string", "Time zone of the schedule"),
        PERIODIC,
        Column(
            "state",
            "string",
            "active, paused, deleted; submitted when only runs are known, undefined when the"
            " definition is missing",
            nullable=False,
            one_of=("active", "paused", "deleted", "submitted", "undefined"),
        ),
        Column(
            "is_continuous", "boolean", "Runs without end: no duration baseline", nullable=False
        ),
        Column("first_run_date", "date", "Day of the first run known"),
        Column("last_run_date", "date", "Day of the last run known"),
        Column("runs", "bigint", "Runs known", nullable=False, minimum=0),
    ),
)
