"""System table of statements that SQL warehouses and serverless compute carried out."""

from pipeline.tables.declaration import Arrival, Column, Derived, Layer, SourceTable
from pipeline.tables.source.columns import ACCOUNT, WORKSPACE

QUERY_HISTORY = SourceTable(
    layer=Layer.SOURCE,
    name="query_history",
    system_name="system.query.history",
    grain="one statement, as of one of its updates",
    keys=("workspace_id", "statement_id", "update_time"),
    arrival=Arrival.APPEND,
    watermark="update_time",
    observed_at="update_time",
    dated_by="start_time",
    retention_days=365,
    only_where="query_source.job_info.job_run_id IS NOT NULL",
    switches_off="how much runs on serverless compute and SQL warehouses have read",
    derived=(
        Derived(
            Column(
                "job_run_id",
                "string",
                "Run that it was carried out for; empty where it is of no job",
                nullable=False,
            ),
            "coalesce(query_source.job_info.job_run_id, '')",
        ),
    ),
    columns=(
        ACCOUNT,
        WORKSPACE,
        Column("statement_id", "string", "Statement", nullable=False),
        Column("statement_text", "string", "The users' SQL", sensitive=True),
        Column("error_message", "string", "May quote the users' SQL and data", sensitive=True),
        Column("start_time", "timestamp", "When it began", nullable=False),
        Column("update_time", "timestamp", "When this was last told of it", nullable=False),
        Column(
            "read_bytes",
            "bigint",
            "What it read",
            unit="bytes",
            minimum=0,
            switches_off="how much runs on serverless compute and SQL warehouses have read",
        ),
        Column(
            "spilled_local_bytes",
            "bigint",
            "What it wrote to disk for want of memory",
            unit="bytes",
            minimum=0,
        ),
        Column(
            "query_source",
            "struct<job_info:struct<job_id:string, job_run_id:string, job_task_run_id:string>>",
            "What it was carried out for; the struct grows, so fields are named",
            switches_off="which run a statement belongs to, and so how much runs have read",
        ),
    ),
)
