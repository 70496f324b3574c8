"""The columns that tables have, as Unity Catalog lists them."""

from pipeline.tables.declaration import Arrival, Column, Layer, Named, SourceTable
from pipeline.tables.source.lineage import TABLE_LINEAGE

TABLE_COLUMNS = SourceTable(
    layer=Layer.SOURCE,
    name="table_columns",
    system_name="system.information_schema.columns",
    grain="one column of a table that whoever reads may see, as it is now",
    keys=("table_catalog", "table_schema", "table_name", "column_name"),
    arrival=Arrival.SNAPSHOT,
    only_named=Named(
        "concat_ws('.', table_catalog, table_schema, table_name)",
        TABLE_LINEAGE,
        "target_table_full_name",
    ),
    switches_off="how the columns of tables change that jobs write",
    columns=(
        Column("table_catalog", "string", "Catalog of the table", nullable=False),
        Column("table_schema", "string", "Schema of the table", nullable=False),
        Column("table_name", "string", "Table, by its last name", nullable=False),
        Column("column_name", "string", "Column", nullable=False),
        Column("full_data_type", "string", "Type, as the table's definition says", nullable=False),
        Column("is_nullable", "string", "YES or NO", nullable=False),
        Column("column_default", "string", "What it is where nothing is inserted", sensitive=True),
        Column("comment", "string", "What somebody says of it", sensitive=True),
    ),
)
