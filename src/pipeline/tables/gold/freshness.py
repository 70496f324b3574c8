"""How fresh the tables are that jobs write."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.gold.assessment import ASSESSMENT

MOST_WRITERS = 20
"""Writers that are named."""
TABLE_FRESHNESS = Table(
    layer=Layer.GOLD,
    name="table_freshness",
    grain="one table that jobs have written in the last 60 days, as far as lineage tells: when last, and"
    " whether that is late",
    keys=("table_name",),
    columns=(
        Column("table_name", "string", "Table, by its three-part name", nullable=False),
        *ASSESSMENT,
        Column(
            "writers",
            "array<string>",
            f"Jobs that have written it, {MOST_WRITERS} at the most",
            nullable=False,
        ),
        Column("reader_jobs", "bigint", "Other jobs that have read it", nullable=False, minimum=0),
        Column("writes", "bigint", "Runs that have written it", nullable=False, minimum=1),
        Column("last_written_at", "timestamp", "When it was last written", nullable=False),
        Column(
            "age_seconds",
            "double",
            "How long ago that was, as of the night",
            unit="seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "gap_seconds",
            "double",
            "Median time from one run's write to the next",
            unit="seconds",
            minimum=0,
        ),
        Column("longest_gap_seconds", "double", "The longest such time", unit="seconds", minimum=0),
        Column(
            "late_after",
            "timestamp",
            "From when on it is late: after its longest gap, and twice its median one, since it was last"
            " written; NULL where too few writes tell",
        ),
        Column("is_late", "boolean", "Whether that is past; NULL where it is not known"),
    ),
)
