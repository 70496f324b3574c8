"""Ops: what RightRun remembers of itself between nights."""

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

NIGHT_STEPS = Table(
    layer=Layer.OPS,
    name="night_steps",
    grain="what one step of one night did to one table",
    keys=("night_id", "step", "table_name"),
    columns=(
        Column("night_id", "string", "Night, by the time it began", nullable=False),
        Column("step", "string", "Step", nullable=False),
        Column("table_name", "string", "Table written", nullable=False),
        Column("stage", "string", "Layer of the step", nullable=False),
        Column("as_of", "timestamp", "Time the night speaks of"),
        Column("mode", "string", "full, incremental or current", nullable=False),
        Column(
            "rows_read",
            "bigint",
            "Rows received from a source, or of the inputs as far as they were recomputed",
            minimum=0,
        ),
        Column("inserted", "bigint", "Rows inserted", nullable=False, minimum=0),
        Column("updated", "bigint", "Rows updated", nullable=False, minimum=0),
        Column("deleted", "bigint", "Rows deleted", nullable=False, minimum=0),
        Column("rejected", "bigint", "Rows quarantined", nullable=False, minimum=0),
        Column("duplicates", "bigint", "Rows received before", nullable=False, minimum=0),
        Column("seconds", "double", "Time it took", unit="seconds", nullable=False, minimum=0),
        Column("version", "bigint", "Delta version after it", nullable=False),
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

OPS_TABLES: tuple[Table, ...] = (POSITIONS, NIGHT_STEPS, QUALITY)
