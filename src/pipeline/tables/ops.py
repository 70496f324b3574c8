"""Ops: what RightRun remembers of itself between nights, and what people have decided."""

from pipeline.tables.declaration import Column, Layer, Table

POSITIONS = Table(
    layer=Layer.OPS,
    name="positions",
    grain="how far one reader has read one input",
    keys=("reader", "input"),
    columns=(
        Column("reader", "string", "A step, or the ingestion", nullable=False),
        Column("input", "string", "A table, a source, or a clock", nullable=False),
        Column(
            "position", "string", "A Delta version, or what the source handed out", nullable=False
        ),
    ),
)

QUALITY = Table(
    layer=Layer.OPS,
    name="quality",
    grain="one declared rule of one table, as last checked",
    keys=("table_name", "rule", "column_name"),
    columns=(
        Column("table_name", "string", "Table", nullable=False),
        Column("rule", "string", "Rule, from the declaration", nullable=False),
        Column("column_name", "string", "Column", nullable=False),
        Column("rows", "bigint", "Rows checked", nullable=False, minimum=0),
        Column("violations", "bigint", "Rows that break it", nullable=False, minimum=0),
    ),
)

SCHEMA_VERSIONS = Table(
    layer=Layer.OPS,
    name="schema_versions",
    grain="the version of one table's schema",
    keys=("table_name",),
    columns=(
        Column("table_name", "string", "Table", nullable=False),
        Column("version", "int", "Version that its columns are of", nullable=False, minimum=1),
    ),
)

SLA_DECISIONS = Table(
    layer=Layer.OPS,
    name="sla_decisions",
    grain="one decision of a person about a job's SLA; the newest counts, for runs after it",
    keys=("series_key", "decided_at"),
    columns=(
        Column("workspace_id", "string", "Workspace; half of every key", nullable=False),
        Column(
            "series_key",
            "string",
            "workspace_id/job_id, or workspace_id/run_name for submitted runs",
            nullable=False,
        ),
        Column("decided_at", "timestamp", "When it was decided", nullable=False),
        Column(
            "source",
            "string",
            "accepted: a proposal, by rightrun sla accept; yaml: the home's rightrun.yml",
            nullable=False,
            one_of=("accepted", "yaml"),
        ),
        Column("is_set", "boolean", "Whether it sets an SLA or takes it back", nullable=False),
        Column("sla_kind", "string", "limit or deadline", one_of=("limit", "deadline")),
        Column("sla_limit_seconds", "double", "The limit", unit="seconds", minimum=0),
        Column("sla_time_of_day", "string", "The deadline's local clock time, HH:MM"),
        Column("sla_timezone", "string", "The deadline's time zone"),
        Column("decided_by", "string", "Who decided it", nullable=False),
        Column("evidence", "string", "What it was decided on", nullable=False),
    ),
)

DECISION_TABLES: tuple[Table, ...] = (SLA_DECISIONS,)
"""What people decide between nights, and any step may read."""
OPS_TABLES: tuple[Table, ...] = (POSITIONS, QUALITY, SCHEMA_VERSIONS, *DECISION_TABLES)
