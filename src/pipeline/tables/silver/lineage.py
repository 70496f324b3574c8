"""Silver of lineage: the tables that runs read and write."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import RUN, WORKSPACE

ACTIONS = ("read", "write")

TABLE_USES = Table(
    layer=Layer.SILVER,
    name="table_uses",
    grain="one table that a run read, or wrote, as far as lineage tells",
    keys=("use_date", "workspace_id", "run_id", "action", "table_name"),
    partition_by="use_date",
    columns=(
        Column("use_date", "date", "UTC date of the run's first use of any", nullable=False),
        WORKSPACE,
        RUN,
        Column("action", "string", "read or write", nullable=False, one_of=ACTIONS),
        Column("table_name", "string", "Table, by its three-part name", nullable=False),
        Column("first_at", "timestamp", "First such event", nullable=False),
        Column("last_at", "timestamp", "Last such event", nullable=False),
        Column("events", "bigint", "Such events", nullable=False, minimum=1),
    ),
)
