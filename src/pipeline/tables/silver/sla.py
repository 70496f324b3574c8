"""Silver of SLAs: what people decided, and each run against the SLA that held for it."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import JOB, RUN, RUN_DATE, SERIES, WORKSPACE

SLA_KINDS = ("limit", "deadline")
SLA = (
    Column(
        "sla_kind",
        "string",
        "limit: seconds an attempt may take; deadline: clock time a success is due",
        one_of=SLA_KINDS,
    ),
    Column("sla_limit_seconds", "double", "The limit", unit="seconds", minimum=0),
    Column("sla_time_of_day", "string", "The deadline's local clock time, HH:MM"),
    Column("sla_timezone", "string", "The deadline's time zone"),
    Column(
        "sla_source",
        "string",
        "Where it was declared: yaml (rightrun.yml), the tag's key, health_rule, accepted (a"
        " proposal), or timeout, in this order",
    ),
)

SLA_DECISIONS = Table(
    layer=Layer.SILVER,
    name="sla_decisions",
    grain="one decision about a job's SLA that can be read, and from when to when it is in force",
    keys=("workspace_id", "series_key", "decided_at"),
    columns=(
        WORKSPACE,
        SERIES,
        Column("decided_at", "timestamp", "From when, inclusive", nullable=False),
        Column(
            "decided_until",
            "timestamp",
            "Until when, exclusive: when the next about the job was made; NULL is the newest",
        ),
        *SLA,
        Column("decided_by", "string", "Who decided it", nullable=False),
        Column("evidence", "string", "What it was decided on", nullable=False),
    ),
)

RUN_SLA = Table(
    layer=Layer.SILVER,
    name="run_sla",
    grain="one run of a job with an SLA, against the SLA that held at its first start",
    keys=("workspace_id", "run_id"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        JOB,
        SERIES,
        RUN,
        Column("started_at", "timestamp", "First start", nullable=False),
        *SLA,
        Column("due_at", "timestamp", "When a success is due, for a deadline"),
        Column(
            "measured_seconds", "double", "What is held against a limit", unit="seconds", minimum=0
        ),
        Column(
            "margin_seconds",
            "double",
            "Time to spare; negative is how much it was missed by; NULL where there is no end",
            unit="seconds",
        ),
        Column(
            "sla_status",
            "string",
            "MET, MISSED, PENDING until it is decided, EXEMPT when cancelled or skipped",
            nullable=False,
            one_of=("MET", "MISSED", "PENDING", "EXEMPT"),
        ),
    ),
)
