"""Gold of jobs: what is known of each."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import SERIES, SERIES_BASIS, WORKSPACE
from pipeline.tables.silver.job_settings import SETTINGS
from pipeline.tables.silver.jobs import IS_CONTINUOUS, SCHEDULE, TAGGED

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
        *TAGGED,
        *SCHEDULE,
        Column(
            "state",
            "string",
            "active, paused, deleted; submitted when only runs are known, undefined when the"
            " definition is missing",
            nullable=False,
            one_of=("active", "paused", "deleted", "submitted", "undefined"),
        ),
        IS_CONTINUOUS,
        Column("first_run_date", "date", "Day of the first run known"),
        Column("last_run_date", "date", "Day of the last run known"),
        Column("runs", "bigint", "Runs known", nullable=False, minimum=0),
        Column("timeout_seconds", "double", "Kill limit; NULL is none", unit="seconds", minimum=0),
        *SETTINGS,
        Column(
            "settings_problem",
            "string",
            "Why retries, queue and recipients are not known; NULL where they are, and of submitted runs",
        ),
    ),
)
