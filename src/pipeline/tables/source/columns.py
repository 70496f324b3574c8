"""Columns that several system tables share."""

from pipeline.tables.declaration import Column

DEC_2025 = "December 2025"
AUG_2024 = "August 2024"
ACCOUNT = Column("account_id", "string", "Account", since="always, but exports may leave it out")
WORKSPACE = Column("workspace_id", "string", "Workspace; half of every key", nullable=False)
JOB = Column("job_id", "string", "Job; unique only inside its workspace", nullable=False)
PIPELINE = Column("pipeline_id", "string", "Pipeline; half of its key", nullable=False)
CHANGE = Column("change_time", "timestamp", "When this version was made", nullable=False)
DELETE = Column(
    "delete_time", "timestamp", "When the entity was deleted", null_means="it was not deleted"
)
PERIOD_START = Column("period_start_time", "timestamp", "Start of the slice", nullable=False)
PERIOD_END = Column("period_end_time", "timestamp", "End of the slice", nullable=False)
RESULT = Column(
    "result_state",
    "string",
    "Outcome; only on the last slice of an attempt",
    null_means="it has not ended",
    switches_off="outcomes: each run looks as if it had not ended",
)
TAGS = Column("tags", "map<string,string>", "Custom tags; their spelling is the users'")
