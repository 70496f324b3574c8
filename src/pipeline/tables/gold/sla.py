"""Gold of SLAs: how they were kept, and which to propose."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT
from pipeline.tables.silver.columns import RUN_DATE, SERIES, WORKSPACE
from pipeline.tables.silver.sla import SLA

SLA_DAILY = Table(
    layer=Layer.GOLD,
    name="sla_daily",
    grain="one job's runs of one day against its SLA",
    keys=("workspace_id", "series_key", "run_date"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        SERIES,
        Column("met", "bigint", "Runs that met it", nullable=False, minimum=0),
        Column("missed", "bigint", "Runs that missed it", nullable=False, minimum=0),
        Column("pending", "bigint", "Runs not decided yet", nullable=False, minimum=0),
        Column(
            "exempt",
            "bigint",
            "Runs cancelled, skipped, never begun, or ended with a result word nobody knows",
            nullable=False,
            minimum=0,
        ),
        Column(
            "missed_without_success",
            "bigint",
            "Of those that missed it, runs that have not succeeded at all: they have no margin",
            nullable=False,
            minimum=0,
        ),
        Column(
            "worst_margin_seconds",
            "double",
            "Least time to spare of runs that succeeded, negative where one was late; NULL where only"
            " runs without a success missed it",
            unit="seconds",
        ),
    ),
)

SLA_PROPOSALS = Table(
    layer=Layer.RECOMMENDATION,
    name="sla_proposals",
    grain="one job's proposed SLA, for its owner to accept; a reason where none is proposed",
    keys=("workspace_id", "series_key"),
    columns=(
        WORKSPACE,
        SERIES,
        *ASSESSMENT,
        Column(
            "basis",
            "string",
            "history: what its runs took; downstream: when a job of its team starts after it",
            one_of=("history", "downstream"),
        ),
        *SLA[:-1],
        Column("downstream_series_key", "string", "The job that starts then"),
        Column("runs", "bigint", "Runs of 60 days that ended by themselves", minimum=0),
        Column("met", "bigint", "Those that would have met it", minimum=0),
        Column(
            "p50_seconds", "double", "What half of the successes took", unit="seconds", minimum=0
        ),
        Column(
            "worst_seconds", "double", "What the longest of them took", unit="seconds", minimum=0
        ),
        Column("evidence", "string", "The same in a sentence"),
    ),
)
