"""System table of which tables were read and written, and by whom."""

from pipeline.tables.declaration import Arrival, Column, Derived, Layer, SourceTable
from pipeline.tables.source.columns import ACCOUNT, WORKSPACE

_OF_RUN = (
    "coalesce(entity_metadata.job_info.job_run_id, IF(entity_type = 'JOB', entity_run_id, NULL))"
)


def _no_null(name: str, comment: str, expression: str) -> Derived:
    column = Column(name, "string", f"{comment}; empty where there is none", nullable=False)
    return Derived(column, f"coalesce({expression}, '')", is_key=True)


TABLE_LINEAGE = SourceTable(
    layer=Layer.SOURCE,
    name="table_lineage",
    system_name="system.access.table_lineage",
    grain="one event of reading or writing a table",
    keys=("workspace_id", "event_time"),
    arrival=Arrival.APPEND,
    watermark="event_time",
    observed_at="event_time",
    dated_by="event_time",
    retention_days=365,
    only_where=f"{_OF_RUN} IS NOT NULL",
    switches_off="which jobs feed others by tables, and the freshness of tables that jobs write",
    derived=(
        _no_null("job_run_id", "Run that it is of", _OF_RUN),
        _no_null("read_table", "Table that was read", "source_table_full_name"),
        _no_null("written_table", "Table that was written", "target_table_full_name"),
    ),
    columns=(
        ACCOUNT,
        WORKSPACE,
        Column("event_time", "timestamp", "When", nullable=False),
        Column("entity_type", "string", "What did it: JOB, NOTEBOOK, PIPELINE, ..."),
        Column("entity_run_id", "string", "Which run of it"),
        Column(
            "entity_metadata",
            "struct<job_info:struct<job_id:string, job_run_id:string>>",
            "All that took part; the struct grows, so fields are named",
            since="2024",
        ),
        Column("source_table_full_name", "string", "Table that was read; NULL for a path"),
        Column("source_type", "string", "TABLE, VIEW, STREAMING_TABLE, PATH, ..."),
        Column("target_table_full_name", "string", "Table that was written; NULL for none"),
        Column("target_type", "string", "The same of that"),
        Column("created_by", "string", "Who, by e-mail address", sensitive=True),
    ),
)
