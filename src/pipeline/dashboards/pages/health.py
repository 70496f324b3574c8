"""Health: whether what RightRun says can be believed, and whether its nights run as they should."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import COUNT, HOURS, MINUTES, SCORE, SECONDS, SHARE, TEXT, TIME
from pipeline.dashboards.page import Aggregate, Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.executive import RECEIPTS

_SUMMARY: Final = Dataset(
    "health_summary",
    "What the last night took, and what it lacked",
    (
        Column("minutes", "Time of all steps", MINUTES),
        Column("rows_written", "Rows written", COUNT),
        Column("quarantined", "Rows quarantined", COUNT),
        Column("late", "Rows late", COUNT),
        Column("not_assessed", "Jobs without a forecast", COUNT),
        Column("late_sources", "Sources behind", COUNT),
    ),
)
_STAGES: Final = Dataset(
    "night_stages",
    "What each step of the last night took",
    (
        Column("stage", "Stage", TEXT),
        Column("step", "Step", TEXT),
        Column("table_name", "Table", TEXT),
        Column("mode", "How", TEXT),
        Column("seconds", "Time", SECONDS),
        Column("rows_written", "Rows written", COUNT),
        Column("quarantined", "Rows quarantined", COUNT),
        Column("late", "Rows late", COUNT),
    ),
)
_NIGHTS: Final = Dataset(
    "nights",
    "Nights",
    (
        Column("as_of", "As of", TIME),
        Column("night_id", "Night", TEXT),
        Column("minutes", "Time of all steps", MINUTES),
        Column("rows_written", "Rows written", COUNT),
        Column("quarantined", "Rows quarantined", COUNT),
        Column("late", "Rows late", COUNT),
    ),
)
_FRESHNESS: Final = Dataset(
    "freshness",
    "How far each source is behind",
    (
        Column("source_table", "Source", TEXT),
        Column("reached_at", "Has come to", TIME),
        Column("received_at", "Last received", TIME),
        Column("behind_hours", "Behind by", HOURS),
        Column("ahead_hours", "Wrong clocks ahead by", HOURS),
        Column("gap_hours", "Since received before", HOURS),
        Column("gap", "Gap", TEXT),
        Column("columns_absent", "Columns absent", TEXT),
    ),
)
_TABLES: Final = Dataset(
    "table_freshness_shown",
    "How fresh the tables are that jobs write",
    (
        Column("table_name", "Table", TEXT),
        Column("freshness", "Is", TEXT),
        Column("last_written_at", "Last written", TIME),
        Column("age_hours", "Age", HOURS),
        Column("gap_hours", "Usual gap", HOURS),
        Column("late_after", "Late after", TIME),
        Column("writes", "Writes in 60 days", COUNT),
        Column("reader_jobs", "Jobs that read it", COUNT),
        Column("writers", "Written by", TEXT),
        Column("reason", "Why not known", TEXT),
        Column("columns_are", "Its columns", TEXT),
        Column("known_since", "Columns known since", TIME),
        Column("columns_reason", "Why columns not known", TEXT),
    ),
)
_SCHEMA_CHANGES: Final = Dataset(
    "table_schema_changes_shown",
    "How the columns of tables have changed that jobs write",
    (
        Column("table_name", "Table", TEXT),
        Column("column_name", "Column", TEXT),
        Column("change", "Change", TEXT),
        Column("old_type", "Was", TEXT),
        Column("new_type", "Is", TEXT),
        Column("night_at", "Seen by the night of", TIME),
        Column("writers", "Written by", TEXT),
        Column("reader_jobs", "Jobs that read it", COUNT),
        Column("readers", "Read by", TEXT),
    ),
)
_NOT_ASSESSED: Final = Dataset(
    "not_assessed",
    "What the last night could not answer",
    (
        Column("question", "Question", TEXT),
        Column("status", "Status", TEXT),
        Column("reason", "Why", TEXT),
        Column("jobs", "Jobs", COUNT),
    ),
)
_COVERAGE: Final = Dataset(
    "coverage_by_level",
    "What the quantiles of forecasts covered",
    (
        Column("quantile", "Quantile", TEXT),
        Column("said", "Said to lie below", SHARE),
        Column("came", "Lay below", SHARE),
        Column("runs", "Runs scored", COUNT),
        Column("jobs", "Jobs", COUNT),
    ),
)
_MISS_RELIABILITY: Final = Dataset(
    "miss_reliability",
    "Misses that came, by how likely they were said to be",
    (
        Column("said", "P(miss) said", SHARE),
        Column("came", "Missed", SHARE),
        Column("as_said", "As many as said", SHARE),
        Column("runs", "Runs", COUNT),
        Column("misses", "Misses", COUNT),
    ),
)
_MISS_BY_HORIZON: Final = Dataset(
    "miss_by_horizon",
    "Misses that came, by how far ahead they were said",
    (
        Column("ahead", "Ahead of the run", TEXT),
        Column("said", "P(miss) said", SHARE),
        Column("came", "Missed", SHARE),
        Column("runs", "Runs", COUNT),
        Column("brier", "Brier score", SCORE),
    ),
)

HEALTH: Final = Page(
    name="health",
    title="Health",
    question="Can what is said here be believed, and do the nights run as they should?",
    reader="whoever runs RightRun",
    rows=(
        row(
            3,
            Counter(
                "minutes",
                "Last night",
                "Time of all steps of the last night together; two run at a time.",
                *(_SUMMARY, 2),
                value="minutes",
            ),
            Counter(
                "late_sources",
                "Sources behind",
                "Sources that gain rows all day and had none of the last 36 hours.",
                *(_SUMMARY, 2),
                value="late_sources",
            ),
            Counter(
                "brier",
                "Brier score of P(miss)",
                "Mean squared distance of what was said of a run from what came, 0 or 1; less is better.",
                *(RECEIPTS, 2),
                value="brier",
                before="previous_brier",
            ),
            Counter(
                "quarantined",
                "Quarantined",
                "Rows of the last night that could not be kept as they were.",
                *(_SUMMARY, 2),
                value="quarantined",
            ),
            Counter(
                "late",
                "Late",
                "Rows of the last night that were more than a day older than the newest known.",
                *(_SUMMARY, 2),
                value="late",
            ),
            Counter(
                "not_assessed",
                "Without a forecast",
                "Jobs of which the last night could not say how long they take.",
                *(_SUMMARY, 2),
                value="not_assessed",
            ),
        ),
        row(
            5,
            Chart(
                "coverage",
                "Durations: what forecasts covered",
                "Two lines by quantile: the share of runs said to lie below it, and that did.",
                *(_COVERAGE, 6),
                mark=Mark.LINE,
                x=Field("quantile"),
                y=(Field("said"), Field("came")),
            ),
            Table(
                "coverage_table",
                "The same in figures",
                "By quantile: the share of runs said to lie below it and that did, and of how many.",
                *(_COVERAGE, 6),
                columns=("quantile", "said", "came", "runs", "jobs"),
            ),
        ),
        row(
            6,
            Chart(
                "miss_reliability",
                "Misses: what was said, and what came",
                "A reliability diagram: runs by the P(miss) that was said, and the part of them that missed; on the"
                " second line both are the same.",
                *(_MISS_RELIABILITY, 5),
                mark=Mark.LINE,
                x=Field("said"),
                y=(Field("came"), Field("as_said")),
            ),
            Chart(
                "miss_by_horizon",
                "The same by how far ahead it was said",
                "Two lines by hours ahead of the run: the mean P(miss) that was said, and the part that missed.",
                *(_MISS_BY_HORIZON, 4),
                mark=Mark.LINE,
                x=Field("ahead"),
                y=(Field("said"), Field("came")),
            ),
            Table(
                "miss_by_horizon_table",
                "In figures",
                "By hours ahead of the run: the mean P(miss) said, the part that missed, and of how many.",
                *(_MISS_BY_HORIZON, 3),
                columns=("ahead", "said", "came", "runs", "brier"),
            ),
        ),
        row(
            6,
            Chart(
                "stages",
                "Time by stage, last night",
                "A bar a stage: what its steps took together.",
                *(_STAGES, 4),
                mark=Mark.BAR,
                x=Field("seconds", Aggregate.SUM),
                y=(Field("stage"),),
            ),
            Table(
                "steps",
                "Steps, last night",
                "What each step of the last night took and wrote, the longest first.",
                *(_STAGES, 8),
                columns=("stage", "step", "mode", "seconds", "rows_written", "quarantined", "late"),
            ),
        ),
        row(
            5,
            Chart(
                "late_and_quarantined",
                "Late and quarantined rows by night",
                "Two lines by night: rows that came late, and rows that could not be kept.",
                *(_NIGHTS, 6),
                mark=Mark.LINE,
                x=Field("as_of"),
                y=(Field("late"), Field("quarantined")),
            ),
            Chart(
                "night_minutes",
                "Time of each night",
                "A line: the time of all steps of each night together.",
                *(_NIGHTS, 6),
                mark=Mark.LINE,
                x=Field("as_of"),
                y=(Field("minutes"),),
            ),
        ),
        row(
            7,
            Table(
                "freshness",
                "Sources",
                "How far each source has come, the furthest behind first.",
                *(_FRESHNESS, 12),
                columns=(
                    *("source_table", "reached_at", "received_at", "behind_hours", "ahead_hours"),
                    *("gap_hours", "gap", "columns_absent"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "tables",
                "Tables that jobs write",
                "How long ago each was written beside its own rhythm, those that are late first; of tables"
                " that lineage tells of.",
                *(_TABLES, 12),
                columns=(
                    *("table_name", "freshness", "last_written_at", "age_hours", "gap_hours"),
                    *("late_after", "writes", "reader_jobs", "writers", "reason"),
                    *("columns_are", "known_since", "columns_reason"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "schema_changes",
                "Columns of these tables that have changed",
                "What nights have seen of columns that was otherwise the night before, the newest first, with the"
                " jobs that read the table.",
                *(_SCHEMA_CHANGES, 12),
                columns=(
                    *("night_at", "table_name", "column_name", "change", "old_type", "new_type"),
                    *("reader_jobs", "readers", "writers"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "not_assessed_jobs",
                "What could not be answered",
                "How many jobs each question of the last night could not be answered for, and why.",
                *(_NOT_ASSESSED, 12),
                columns=("question", "status", "jobs", "reason"),
            ),
        ),
    ),
)
