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

OPS_TABLES: tuple[Table, ...] = (POSITIONS, QUALITY, SCHEMA_VERSIONS)
