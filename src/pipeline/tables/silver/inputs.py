"""Silver of input volume: how much each attempt has read."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.silver.columns import RUN, RUN_DATE, WORKSPACE

INPUT_SOURCES = ("queries", "network")

ATTEMPT_INPUTS = Table(
    layer=Layer.SILVER,
    name="attempt_inputs",
    grain="one attempt of which it is known how much it has read; of others there is no row",
    keys=("workspace_id", "run_id", "attempt"),
    partition_by="run_date",
    columns=(
        RUN_DATE,
        WORKSPACE,
        RUN,
        Column("attempt", "int", "Which attempt of the run, from 0", nullable=False, minimum=0),
        Column(
            "input_bytes",
            "bigint",
            "What it has read: its statements, or what a cluster of its own received over the network",
            unit="bytes",
            nullable=False,
            minimum=0,
        ),
        Column(
            "input_source",
            "string",
            "Where that is from: queries is system.query.history; network is"
            " system.compute.node_timeline, which counts what nodes send each other as well",
            nullable=False,
            one_of=INPUT_SOURCES,
        ),
        Column(
            "spilled_bytes",
            "bigint",
            "What its statements wrote to disk for want of memory",
            unit="bytes",
            minimum=0,
        ),
    ),
)
