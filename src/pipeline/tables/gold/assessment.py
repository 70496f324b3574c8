"""Whether a job could be assessed, and why not: columns of every table that answers about all jobs."""

from pipeline.tables.declaration import Column

ASSESSMENT = (
    Column(
        "status",
        "string",
        "ok, or why there is no answer",
        nullable=False,
        one_of=("ok", "too_few_runs", "degenerate", "not_assessed", "error"),
    ),
    Column("reason", "string", "The status in one sentence; empty when ok", nullable=False),
)
