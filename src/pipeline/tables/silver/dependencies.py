"""Silver of dependencies: which runs came before which."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import RUN, SERIES, WORKSPACE

KINDS = ("fires", "feeds")
KIND = Column(
    "kind",
    "string",
    "fires: a Run Job task of the one before started it; feeds: it read a table that the one before had"
    " written last",
    nullable=False,
    one_of=KINDS,
)
TABLE_NAME = Column(
    "table_name", "string", "Table, where one feeds the other; else empty", nullable=False
)
UPSTREAM_WORKSPACE = Column(
    "upstream_workspace_id", "string", "Workspace of the one before", nullable=False
)
UPSTREAM_SERIES = Column("upstream_series_key", "string", "Job of the one before", nullable=False)

RUN_DEPENDENCIES = Table(
    layer=Layer.SILVER,
    name="run_dependencies",
    grain="one run of the last 60 days and a run of another job that it came after, with what bound them",
    keys=("workspace_id", "run_id", "kind", "table_name", "upstream_series_key"),
    columns=(
        WORKSPACE,
        RUN,
        KIND,
        TABLE_NAME,
        SERIES,
        UPSTREAM_WORKSPACE,
        UPSTREAM_SERIES,
        Column("upstream_run_id", "string", "Run of the one before", nullable=False),
        Column("started_at", "timestamp", "First start of the run", nullable=False),
        Column("upstream_started_at", "timestamp", "First start of the one before", nullable=False),
        Column(
            "ready_at",
            "timestamp",
            "When the one before began to fire it, or had written the table",
            nullable=False,
        ),
        Column(
            "ready_seconds",
            "double",
            "From the start of the one before until then",
            unit="seconds",
            nullable=False,
        ),
        Column(
            "wait_seconds",
            "double",
            "From then to the start of the run; negative where it started before and read later",
            unit="seconds",
            nullable=False,
        ),
    ),
)
