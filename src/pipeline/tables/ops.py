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

WRITERS = Table(
    layer=Layer.OPS,
    name="writers",
    grain="who may write some of these tables now, in Unity Catalog; none in a folder, which has file locks",
    keys=("place",),
    columns=(
        Column(
            "place",
            "string",
            "What is written: all that a night writes is `tables`",
            nullable=False,
        ),
        Column("writer", "string", "Drawn by each command that writes; NULL while nobody writes"),
        Column("process", "bigint", "Its process"),
        Column("host", "string", "Its machine"),
        Column("principal", "string", "Whom it runs as"),
        Column("taken_at", "timestamp", "When it began to write"),
        Column(
            "renewed_at",
            "timestamp",
            "When it was last heard of: after minutes of silence another may write",
        ),
    ),
)

YAML = "yaml"
"""The source of the decisions that the home's settings file says."""
DECISIONS = Table(
    layer=Layer.OPS,
    name="decisions",
    grain="one decision of a person about one subject, never changed; the newest about it is in force",
    keys=("kind", "subject", "decided_at"),
    columns=(
        Column(
            "kind",
            "string",
            "What is decided: sla, the SLA of a job; run_mark, what a run was",
            nullable=False,
        ),
        Column(
            "subject",
            "string",
            "Key of what it is decided about: the job's series_key, or the run's workspace_id/run_id",
            nullable=False,
        ),
        Column("decided_at", "timestamp", "When it was decided", nullable=False),
        Column(
            "source",
            "string",
            "Where it was said: yaml, the home's rightrun.yml; accepted, a proposal, by rightrun sla"
            " accept; marked, by rightrun anomalies mark",
            nullable=False,
        ),
        Column(
            "terms",
            "string",
            "What was decided, in the words of its kind: an SLA as `2700s` or `06:30 Europe/Berlin`, a"
            " mark as `expected` or `incident`; NULL takes back what was decided before",
        ),
        Column("decided_by", "string", "Who decided it", nullable=False),
        Column("evidence", "string", "What it was decided on", nullable=False),
    ),
)

STATEMENTS = ("run_miss", "flag", "growth_date")
SAID = Table(
    layer=Layer.OPS,
    name="said",
    grain="one statement as a night made it, never changed and never made again: a home that is built anew"
    " has none of the nights before",
    keys=("statement_id",),
    partition_by="open_from",
    columns=(
        Column(
            "open_from",
            "date",
            "UTC date from which what comes decides it: of the night, or three days before a growth_date",
            nullable=False,
        ),
        Column(
            "statement_id",
            "string",
            "Its kind, the job's key, and microseconds: of the night, of the expected start or the date;"
            " or the run",
            nullable=False,
        ),
        Column(
            "kind",
            "string",
            "run_miss: a run expected before the next night misses its SLA, told by the first night that"
            " expects it; flag: a run, or the job's runs of the night together, are unlike the job;"
            " growth_date: a usual run will not fit the SLA any more, told again only where the date told"
            " last has passed or is no longer believed",
            nullable=False,
            one_of=STATEMENTS,
        ),
        Column("night_at", "timestamp", "Time that the night spoke of", nullable=False),
        Column("workspace_id", "string", "Workspace of the job", nullable=False),
        Column("series_key", "string", "Job", nullable=False),
        Column("run_id", "string", "Run that is flagged; NULL for the night's runs together"),
        Column("expected_start_at", "timestamp", "When the run that may miss is due to start"),
        Column("due_at", "timestamp", "When its success is due, for a deadline"),
        Column("allowed_seconds", "double", "What the SLA leaves a run", unit="seconds", minimum=0),
        Column("probability", "double", "P(miss) of a run_miss", minimum=0, maximum=1),
        Column("expected_on", "date", "Of a growth_date the day itself"),
        Column("earliest_on", "date", "Earliest such day, of an interval of 80 %"),
        Column("latest_on", "date", "Latest; NULL is beyond a year"),
        Column("said_at", "timestamp", "When it was written down", nullable=False, audit=True),
    ),
)

COLUMNS_SEEN = Table(
    layer=Layer.OPS,
    name="columns_seen",
    grain="one column of a table that jobs write, or the table itself, as a night has seen it for which it was"
    " not so before",
    keys=("table_name", "column_name", "night_at"),
    columns=(
        Column("table_name", "string", "Table, by its three-part name", nullable=False),
        Column("column_name", "string", "Column; empty for the table itself", nullable=False),
        Column("night_at", "timestamp", "Time that the night spoke of", nullable=False),
        Column(
            "is_there",
            "boolean",
            "Whether it is listed; of columns of a table that is not listed itself nothing is known",
            nullable=False,
        ),
        Column("data_type", "string", "Type of a column that is there"),
        Column("is_nullable", "boolean", "Whether that may be NULL"),
    ),
)

DECISION_TABLES: tuple[Table, ...] = (DECISIONS,)
"""What people decide between nights."""
READ_BY_STEPS: tuple[Table, ...] = (*DECISION_TABLES, SAID, COLUMNS_SEEN)
"""What any step may read, though it stands at the end."""
OPS_TABLES: tuple[Table, ...] = (
    POSITIONS,
    QUALITY,
    SCHEMA_VERSIONS,
    WRITERS,
    *DECISION_TABLES,
    SAID,
    COLUMNS_SEEN,
)
