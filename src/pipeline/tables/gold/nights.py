"""Gold of ourselves: what each night did, what it could not answer, and how far sources are behind."""

from pipeline.tables.declaration import Column, Layer, Table

_NIGHT = Column("night_id", "string", "Night, by the time it began", nullable=False)
_AS_OF = Column("as_of", "timestamp", "Time the night speaks of")

NIGHT_STEPS = Table(
    layer=Layer.GOLD,
    name="night_steps",
    grain="what one step of one night did to one table",
    keys=("night_id", "step", "table_name"),
    columns=(
        _NIGHT,
        Column("step", "string", "Step", nullable=False),
        Column("table_name", "string", "Table written", nullable=False),
        Column("stage", "string", "Layer of the step", nullable=False),
        _AS_OF,
        Column("mode", "string", "full, incremental or current", nullable=False),
        Column(
            "rows_read",
            "bigint",
            "Rows received from a source, or in the partitions of the inputs that were read",
            minimum=0,
        ),
        *(
            Column(name, "bigint", f"Rows {meaning}", nullable=False, minimum=0)
            for name, meaning in (
                ("inserted", "inserted"),
                ("updated", "updated"),
                ("deleted", "deleted"),
                ("rejected", "quarantined"),
                ("duplicates", "received before"),
                ("expired", "of days that bronze has summarised and dropped"),
                ("late", "new, and more than a day older than the newest known before"),
            )
        ),
        Column("seconds", "double", "Time it took", unit="seconds", nullable=False, minimum=0),
        Column("version", "bigint", "Delta version after it", nullable=False),
        Column("versions_read", "map<string,bigint>", "Delta version of each input"),
    ),
)

NIGHT_ASSESSMENTS = Table(
    layer=Layer.GOLD,
    name="night_assessments",
    grain="how many jobs one question of one night could not be answered for, and why",
    keys=("night_id", "question", "status", "reason"),
    columns=(
        _NIGHT,
        _AS_OF,
        Column("question", "string", "forecast, baseline or right-sizing", nullable=False),
        Column("status", "string", "Status of the jobs", nullable=False),
        Column("reason", "string", "Why, numbers replaced by N", nullable=False),
        Column("jobs", "bigint", "Jobs", nullable=False, minimum=1),
    ),
)

SOURCE_FRESHNESS = Table(
    layer=Layer.GOLD,
    name="source_freshness",
    grain="one source table: when it last delivered, and how far it was behind",
    keys=("source_table",),
    columns=(
        Column("source_table", "string", "System table", nullable=False),
        Column("newest_observed_at", "timestamp", "Newest time its rows speak of"),
        Column(
            "reached_at",
            "timestamp",
            "Time it has reached: the newest, but for rows whose clock is wrong",
        ),
        Column(
            "ahead_hours",
            "double",
            "How far rows with a wrong clock are ahead of that; 0 where there are none",
            unit="hours",
            minimum=0,
        ),
        Column("received_at", "timestamp", "When rows were last received", nullable=False),
        Column("behind_hours", "double", "How old the time it has reached was then", unit="hours"),
        Column("gap_hours", "double", "Time since rows were received before that", unit="hours"),
        Column(
            "gap",
            "string",
            "within: of the 7 days that the source keeps files for readers; outside: a stream would"
            " have broken, a batch goes on; lost: longer than the source keeps rows",
            nullable=False,
            one_of=("within", "outside", "lost"),
        ),
        Column(
            "columns_absent",
            "array<string>",
            "Columns that an answer depends on, and that what was last delivered did not have",
        ),
    ),
)

NIGHT_TABLES: tuple[Table, ...] = (NIGHT_STEPS, NIGHT_ASSESSMENTS, SOURCE_FRESHNESS)
