"""Gold of receipts: what was said, beside what came."""

from pipeline.tables.declaration import Column, Layer, Table
from pipeline.tables.ops import SAID

OUTCOMES = ("came", "did_not_come", "not_known_yet", "never_known")

RECEIPTS = Table(
    layer=Layer.RECOMMENDATION,
    name="receipts",
    grain="one statement of ops.said, and what came of it",
    keys=SAID.keys,
    partition_by=SAID.partition_by,
    columns=(
        *(column for column in SAID.columns if not column.audit),
        Column(
            "outcome",
            "string",
            "run_miss: came where the run missed its SLA; flag: came where a person has marked the run an"
            " incident, did_not_come where as expected; growth_date: came where the median of the days"
            " around the date is beyond what the SLA leaves; never_known: the run did not come, was"
            " cancelled or skipped, or nobody has marked it in two weeks",
            nullable=False,
            one_of=OUTCOMES,
        ),
        Column("outcome_run_id", "string", "Of a run_miss the run that came"),
        Column(
            "outcome_seconds",
            "double",
            "Of a run_miss what that run took, of a growth_date the median of the days around it",
            unit="seconds",
            minimum=0,
        ),
    ),
)
