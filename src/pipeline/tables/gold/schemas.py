"""How the columns of tables change that jobs write."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT

MOST_JOBS = 20
"""Writers and readers that are named."""
SCHEMA_CHANGES = (
    "column_added",
    "column_removed",
    "type_changed",
    "nullability_changed",
    "not_visible",
    "visible_again",
)

TABLE_SCHEMAS = Table(
    layer=Layer.GOLD,
    name="table_schemas",
    grain="one table that jobs have written in the last 60 days, as far as lineage tells: whether nights see how"
    " its columns change",
    keys=("table_name",),
    columns=(
        Column("table_name", "string", "Table, by its three-part name", nullable=False),
        *ASSESSMENT,
        Column(
            "known_since",
            "timestamp",
            "Time that the first night spoke of which saw its columns; NULL where none has",
        ),
        Column("columns", "bigint", "Columns when it was last seen", nullable=False, minimum=0),
    ),
)

TABLE_SCHEMA_CHANGES = Table(
    layer=Layer.GOLD,
    name="table_schema_changes",
    grain="one change of a column of a table that jobs write, found by a night beside what the nights before had"
    " seen; or a table that is no longer visible, or is again",
    keys=("table_name", "column_name", "night_at", "change"),
    columns=(
        Column("table_name", "string", "Table, by its three-part name", nullable=False),
        Column("column_name", "string", "Column; empty for the table itself", nullable=False),
        Column(
            "night_at",
            "timestamp",
            "Time that the first night spoke of which saw it",
            nullable=False,
        ),
        Column(
            "change",
            "string",
            "What has changed; a column of another name is one removed and one added",
            nullable=False,
            one_of=SCHEMA_CHANGES,
        ),
        Column("old_type", "string", "Type before, of a column that was there"),
        Column("new_type", "string", "Type since, of a column that is there"),
        Column("was_nullable", "boolean", "Whether it might be NULL before"),
        Column("is_nullable", "boolean", "Whether it may be NULL since"),
        Column(
            "writers",
            "array<string>",
            f"Jobs that have written the table in 60 days, {MOST_JOBS} at the most",
            nullable=False,
        ),
        Column(
            "readers",
            "array<string>",
            f"Jobs that read it after another has written it, {MOST_JOBS} at the most: whom the change may"
            " break",
            nullable=False,
        ),
        Column("reader_jobs", "bigint", "How many these are", nullable=False, minimum=0),
    ),
)
