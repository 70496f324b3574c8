"""Bronze: the system tables as received, plus what could not be kept and why.

A bronze table is its source table's declaration without the sensitive columns, with what is derived
of each row, and where and when it arrived; nothing about it is written by hand.
"""

from dataclasses import replace

from pipeline.tables import source
from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable, Table

ARRIVAL = (
    Column("region", "string", "Region whose collector read the row; NULL where not known"),
    Column("metastore_id", "string", "Metastore it was read through; NULL where not known"),
    Column(
        "first_seen_at",
        "timestamp",
        "When RightRun first received the row",
        nullable=False,
        audit=True,
    ),
)
PARTITION = "source_date"


def bronze_of(table: SourceTable, *, kept_days: int | None = None) -> Table:
    """The bronze table that keeps `table`, for ever or for some days."""
    columns = tuple(replace(column, since="") for column in table.columns if not column.sensitive)
    partition: tuple[Column, ...] = ()
    if table.dated_by is not None:
        partition = (Column(PARTITION, "date", f"UTC date of {table.dated_by}", nullable=False),)
    return Table(
        layer=Layer.BRONZE,
        name=table.name,
        grain=table.grain
        + (", once" if table.arrival is Arrival.APPEND else ", as of the last night"),
        # The date follows from the other keys, and in the keys it lets a merge skip other dates.
        keys=tuple(column.name for column in partition) + table.identity,
        columns=partition + columns + tuple(one.column for one in table.derived) + ARRIVAL,
        partition_by=PARTITION if partition else None,
        kept_days=kept_days,
    )


JOBS = bronze_of(source.JOBS)
JOB_TASKS = bronze_of(source.JOB_TASKS)
JOB_RUN_TIMELINE = bronze_of(source.JOB_RUN_TIMELINE)
JOB_TASK_RUN_TIMELINE = bronze_of(source.JOB_TASK_RUN_TIMELINE)
PIPELINES = bronze_of(source.PIPELINES)
PIPELINE_UPDATE_TIMELINE = bronze_of(source.PIPELINE_UPDATE_TIMELINE)
USAGE = bronze_of(source.USAGE)
LIST_PRICES = bronze_of(source.LIST_PRICES)
CLUSTERS = bronze_of(source.CLUSTERS)
# The bulk of all rows, and all that is asked of them is in silver.run_utilisation the night they come.
NODE_TIMELINE = bronze_of(source.NODE_TIMELINE, kept_days=30)
NODE_TYPES = bronze_of(source.NODE_TYPES)
QUERY_HISTORY = bronze_of(source.QUERY_HISTORY)
TABLE_LINEAGE = bronze_of(source.TABLE_LINEAGE)
TABLE_COLUMNS = bronze_of(source.TABLE_COLUMNS)
WORKSPACES_LATEST = bronze_of(source.WORKSPACES_LATEST)
JOB_SETTINGS = bronze_of(source.JOB_SETTINGS)

QUARANTINE = Table(
    layer=Layer.BRONZE,
    name="quarantine",
    grain="one received row that could not be kept, or not whole, and why",
    keys=("source_table", "row_hash", "reason"),
    columns=(
        Column("source_table", "string", "Source table it was read from", nullable=False),
        Column("row_hash", "string", "Hash of the row's kept columns", nullable=False),
        Column("reason", "string", "Why it was not kept, in one sentence", nullable=False),
        Column("row_json", "string", "The row as JSON, sensitive columns left out"),
        Column(
            "is_kept",
            "boolean",
            "Whether bronze has the row, without the values that the reason names",
            nullable=False,
        ),
        Column("copies", "bigint", "How many identical rows were received", nullable=False),
        Column("first_seen_at", "timestamp", "When first received", nullable=False, audit=True),
    ),
)

BRONZE_OF: dict[str, Table] = {
    table.name: table
    for table in (
        JOBS,
        JOB_TASKS,
        JOB_RUN_TIMELINE,
        JOB_TASK_RUN_TIMELINE,
        PIPELINES,
        PIPELINE_UPDATE_TIMELINE,
        USAGE,
        LIST_PRICES,
        CLUSTERS,
        NODE_TIMELINE,
        NODE_TYPES,
        QUERY_HISTORY,
        TABLE_LINEAGE,
        TABLE_COLUMNS,
        WORKSPACES_LATEST,
        JOB_SETTINGS,
    )
}
