"""Anomalies: what behaved unlike itself, how much so, and what was changed before it."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import COUNT, DAY, DECIMAL, RATIO, TEXT, TIME, Format, Kind
from pipeline.dashboards.page import Aggregate, Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.columns import KEY, NAME, OWNER, RUN, TEAM, TIER

_PROBABILITY: Final = Format(Kind.NUMBER, "double", 6)

ANOMALY_SUMMARY: Final = Dataset(
    "anomaly_summary",
    "What the last night tested and flagged",
    (
        Column("tested", "Jobs judged", COUNT),
        Column("flagged", "Jobs flagged", COUNT),
        Column("previously_flagged", "Night before", COUNT),
        Column("expected_false_flags", "Flags that chance alone would make", DECIMAL),
        Column("alertable", "Jobs worth an alert", COUNT),
        Column("shifts", "New levels", COUNT),
    ),
)
FLAGS: Final = Dataset(
    "flags",
    "What was flagged",
    (
        Column("night", "Night", DAY),
        NAME,
        TEAM,
        OWNER,
        TIER,
        Column("metric", "Metric", TEXT),
        Column("direction", "Which way", TEXT),
        Column("severity", "In words", TEXT),
        Column("ratio", "Over its usual", RATIO),
        Column("p_value", "P(as strange)", _PROBABILITY),
        Column("is_alertable", "Worth an alert", TEXT),
        Column("confidence", "Confidence", TEXT),
        Column("started_at", "Began", TIME),
        *RUN,
        *KEY,
    ),
)
_FLAGS_BY_NIGHT: Final = Dataset(
    "flags_by_night",
    "Flags by night, metric and direction",
    (
        Column("night", "Night", DAY),
        Column("metric", "Metric", TEXT),
        Column("direction", "Which way", TEXT),
        Column("flags", "Flags", COUNT),
    ),
)
_JOBS_BY_NIGHT: Final = Dataset(
    "jobs_by_night",
    "Jobs judged and flagged by night",
    (
        Column("night", "Night", DAY),
        Column("tested", "Jobs judged", COUNT),
        Column("flagged", "Jobs flagged", COUNT),
        Column("expected_false_flags", "By chance alone", DECIMAL),
    ),
)
NEW_LEVELS: Final = Dataset(
    "new_levels",
    "Levels that have become usual",
    (
        Column("from_at", "Since", TIME),
        NAME,
        TEAM,
        OWNER,
        Column("metric", "Metric", TEXT),
        Column("direction", "Which way", TEXT),
        Column("level_before", "Usual before", DECIMAL),
        Column("level", "Usual since", DECIMAL),
        Column("ratio", "Ratio", RATIO),
        Column("lasted_to", "Lasted to", TEXT),
        *RUN,
        *KEY,
    ),
)
_CHANGES: Final = Dataset(
    "changes_before",
    "What was changed before",
    (
        Column("started_at", "Run began", TIME),
        NAME,
        TEAM,
        Column("aspect", "What was changed", TEXT),
        Column("task_key", "Task", TEXT),
        Column("before", "Before", TEXT),
        Column("after", "After", TEXT),
        Column("changed_at", "Changed", TIME),
        Column("runs_between", "Runs between", COUNT),
        Column("fit", "Fit", DECIMAL),
        *RUN,
        *KEY,
    ),
)

ANOMALIES: Final = Page(
    name="anomalies",
    title="Anomalies",
    question="Which jobs behave unlike themselves, how much so, and what was changed before?",
    reader="whoever looks after the jobs of a team",
    rows=(
        row(
            3,
            Counter(
                "flagged",
                "Jobs flagged last night",
                "Jobs of which the last night found something unlike them.",
                *(ANOMALY_SUMMARY, 3),
                value="flagged",
                before="previously_flagged",
                before_label="night before",
            ),
            Counter(
                "alertable",
                "Worth an alert",
                "Of these, jobs with a flag above the floors of the settings.",
                *(ANOMALY_SUMMARY, 2),
                value="alertable",
            ),
            Counter(
                "tested",
                "Jobs judged",
                "Jobs that the last night could compare with their own past.",
                *(ANOMALY_SUMMARY, 2),
                value="tested",
            ),
            Counter(
                "expected_false_flags",
                "By chance alone",
                "Flags that the last night would have made of all jobs though nothing was unusual.",
                *(ANOMALY_SUMMARY, 3),
                value="expected_false_flags",
            ),
            Counter(
                "shifts",
                "New levels",
                "How often another level of a metric has become usual in the days shown.",
                *(ANOMALY_SUMMARY, 2),
                value="shifts",
            ),
        ),
        row(
            8,
            Table(
                "flags",
                "Flags",
                "What was flagged in the days shown, the last night and its rarest first.",
                *(FLAGS, 12),
                columns=(
                    *("night", "name", "team", "owner", "tier", "metric", "severity", "ratio"),
                    *(
                        "p_value",
                        "is_alertable",
                        "confidence",
                        "run_id",
                        "started_at",
                        "series_key",
                    ),
                ),
            ),
        ),
        row(
            6,
            Chart(
                "flags_by_metric",
                "Flags by night and metric",
                "A grid of nights and metrics: the darker, the more flags.",
                *(_FLAGS_BY_NIGHT, 6),
                mark=Mark.HEATMAP,
                x=Field("night"),
                y=(Field("metric"),),
                color=Field("flags", Aggregate.SUM),
            ),
            Chart(
                "jobs_by_night",
                "Jobs flagged, and flags by chance alone",
                "Two lines by night: jobs flagged, and flags that chance alone would make.",
                *(_JOBS_BY_NIGHT, 6),
                mark=Mark.LINE,
                x=Field("night"),
                y=(Field("flagged"), Field("expected_false_flags")),
            ),
        ),
        row(
            7,
            Table(
                "new_levels",
                "New levels",
                "Where another level has become usual in the days shown, the latest first.",
                *(NEW_LEVELS, 12),
                columns=(
                    *("from_at", "name", "team", "owner", "metric", "direction", "level_before"),
                    *("level", "ratio", "lasted_to", "run_id", "series_key"),
                ),
            ),
        ),
        row(
            7,
            Table(
                "changes",
                "What was changed before",
                "Changes before a run that was flagged or took to another level, the latest first.",
                *(_CHANGES, 12),
                columns=(
                    *("started_at", "name", "team", "aspect", "task_key", "before", "after"),
                    *("changed_at", "runs_between", "fit", "run_id", "series_key"),
                ),
            ),
        ),
    ),
)
