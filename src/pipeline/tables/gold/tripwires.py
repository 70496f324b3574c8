"""Tripwires: after how long a run of each job is worth a message, as the platform can watch for it."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import SERIES, WORKSPACE

TRIPWIRES = Table(
    layer=Layer.RECOMMENDATION,
    name="tripwires",
    grain="how long a run of one job may take before somebody should be told while it runs, or why there is"
    " no such time",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "basis",
            "string",
            "sla: a run that takes as long will probably miss it; usual: one good run in a thousand does",
            one_of=("sla", "usual"),
        ),
        Column(
            "bound",
            "double",
            "Of sla, P(it takes longer than the SLA allows) from which on somebody is told: by the job's tier",
            minimum=0,
            maximum=1,
        ),
        Column(
            "allowed_seconds",
            "double",
            "Of sla, the limit, or the least that the deadline leaves a run of the next 7 days",
            unit="seconds",
            minimum=0,
        ),
        Column(
            "threshold_seconds",
            "bigint",
            "Time from which on somebody is told, in whole minutes",
            unit="seconds",
            minimum=0,
        ),
        Column(
            "false_alarms",
            "double",
            "Runs of 1,000 expected to take as long and to be in time all the same; without an SLA, to take"
            " as long",
            minimum=0,
            maximum=1000,
        ),
        Column(
            "since_at",
            "timestamp",
            "Night that has set it so: a later one moves it when it differs by more than 10 %, or when the"
            " level, the tier or the kind of SLA has changed",
        ),
        Column("regime_from_at", "timestamp", "Since when its runs take what they take now"),
    ),
)
