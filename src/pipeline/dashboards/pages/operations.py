"""Operations: what is broken now, and what will break tonight."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.formats import COUNT, DAY, DECIMAL, MINUTES, SHARE, TEXT, TIME
from pipeline.dashboards.page import Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.anomalies import FLAGS, NEW_LEVELS
from pipeline.dashboards.pages.columns import KEY, NAME, OWNER, RUN, TEAM, TIER
from pipeline.dashboards.pages.executive import SAID_AND_CAME, SUCCESS_RATE

_SUMMARY: Final = Dataset(
    "operations_summary",
    "What is failing and likely to miss, and how runs and SLAs have been",
    (
        Column("failing", "Jobs failing", COUNT),
        Column("newly_failing", "Since yesterday", COUNT),
        Column("failing_for_longer", "Failing for longer", COUNT),
        Column("likely_to_miss", "Likely to miss", COUNT),
        Column("expected_misses", "Misses expected", DECIMAL),
        Column("compliance_7", "SLA compliance, 7 days", SHARE),
        Column("compliance_7_before", "7 days before", SHARE),
        Column("compliance_30", "SLA compliance, 30 days", SHARE),
        Column("compliance_30_before", "30 days before", SHARE),
        Column("flagged", "Jobs flagged", COUNT),
    ),
)
FAILING: Final = Dataset(
    "failing_jobs",
    "Jobs that fail now",
    (
        TIER,
        NAME,
        Column("failing_since", "Failing since", TIME),
        Column("consecutive_failures", "Failures in a row", COUNT),
        Column("why", "Why", TEXT),
        Column("cause", "Cause", TEXT),
        Column("task", "Task that failed first", TEXT),
        OWNER,
        TEAM,
        Column("last_success_at", "Last success", TIME),
        Column("run_id", "Last run", TEXT, link="run_url"),
        Column("run_url", "Address of the run", TEXT),
        *KEY,
    ),
)
LIKELY: Final = Dataset(
    "likely_misses",
    "Next runs that may miss their SLA",
    (
        Column("p_miss", "P(miss)", SHARE),
        NAME,
        Column("reason", "Mostly because", TEXT),
        Column("next_start_at", "Starts", TIME),
        Column("next_due_at", "Due", TIME),
        Column("sla", "SLA", TEXT),
        Column("p50_minutes", "Usual duration", MINUTES),
        Column("p95_minutes", "95 % take less than", MINUTES),
        Column("allowed_minutes", "Allowed", MINUTES),
        TEAM,
        OWNER,
        TIER,
        *KEY,
    ),
)
_BY_DAY: Final = Dataset(
    "reliability_by_day",
    "How runs ended and kept their SLA, by day",
    (
        Column("run_date", "Day", DAY),
        Column("succeeded", "Succeeded", COUNT),
        Column("failed", "Failed", COUNT),
        Column("success_rate", "Success rate", SHARE),
        Column("sla_compliance", "SLA compliance", SHARE),
        Column("missed", "SLAs missed", COUNT),
    ),
)
_WAITS: Final = Dataset(
    "waits",
    "Runs that the queue or their cluster made late or slow",
    (
        Column("started_at", "Began", TIME),
        NAME,
        Column("problem", "Problem", TEXT),
        Column("minutes", "Longer by", MINUTES),
        Column("share", "Part of the excess", SHARE),
        Column("actual_minutes", "It took", MINUTES),
        Column("usual_minutes", "Usually", MINUTES),
        Column("cluster", "Cluster", TEXT),
        Column("usual_cluster", "Usual cluster", TEXT),
        TEAM,
        OWNER,
        *RUN,
        *KEY,
    ),
)
_CHANGES: Final = Dataset(
    "verdict_changes",
    "What is said of a job since the last night",
    (
        Column("question", "Whether it", TEXT),
        Column("verdict", "Now", TEXT),
        Column("previous_verdict", "Before", TEXT),
        NAME,
        TEAM,
        OWNER,
        TIER,
        Column("since_at", "Since", TIME),
        *KEY,
    ),
)

OPERATIONS: Final = Page(
    name="operations",
    title="Operations",
    question="What is broken now, and what will break tonight?",
    reader="whoever is on call",
    rows=(
        row(
            3,
            Counter(
                "failing",
                "Failing now",
                "Jobs whose last run with a verdict failed; below it those that did so a day ago already.",
                *(_SUMMARY, 2),
                value="failing",
                before="failing_for_longer",
                before_label="for longer than a day",
            ),
            Counter(
                "likely_to_miss",
                "Likely to miss",
                "Jobs whose next run misses its SLA with a probability of a half or more.",
                *(_SUMMARY, 2),
                value="likely_to_miss",
            ),
            Counter(
                "compliance_7",
                "SLA compliance, 7 days",
                "Of the runs of 7 days with an SLA that has been decided, the part that kept it.",
                *(_SUMMARY, 2),
                value="compliance_7",
                before="compliance_7_before",
                before_label="7 days before",
            ),
            Counter(
                "compliance_30",
                "SLA compliance, 30 days",
                "The same of 30 days.",
                *(_SUMMARY, 2),
                value="compliance_30",
                before="compliance_30_before",
                before_label="30 days before",
            ),
            SUCCESS_RATE,
            Counter(
                "flagged",
                "Flagged last night",
                "Jobs of which the last night found something unlike them.",
                *(_SUMMARY, 2),
                value="flagged",
            ),
        ),
        row(3, SAID_AND_CAME),
        row(
            7,
            Table(
                "failing_jobs",
                "Failing now",
                "Each job that fails: since when, why, and which task; important ones first.",
                *(FAILING, 12),
                columns=(
                    *("tier", "name", "failing_since", "consecutive_failures", "why", "cause"),
                    *("task", "owner", "team", "last_success_at", "run_id", "series_key"),
                ),
            ),
        ),
        row(
            7,
            Table(
                "likely_misses",
                "May miss tonight",
                "Next runs with a probability of 5 % or more to miss their SLA, the likeliest first.",
                *(LIKELY, 12),
                columns=(
                    *("p_miss", "name", "reason", "next_start_at", "next_due_at", "sla"),
                    *("p50_minutes", "p95_minutes", "allowed_minutes", "team", "owner", "tier"),
                    "series_key",
                ),
            ),
        ),
        row(
            5,
            Chart(
                "success_by_day",
                "Success rate and SLA compliance by day",
                "Two lines by day: the part of runs that succeeded, and that kept their SLA.",
                *(_BY_DAY, 6),
                mark=Mark.LINE,
                x=Field("run_date"),
                y=(Field("success_rate"), Field("sla_compliance")),
            ),
            Chart(
                "failures_by_day",
                "Failed runs and missed SLAs by day",
                "Two lines by day: runs that failed or timed out, and runs that missed their SLA.",
                *(_BY_DAY, 6),
                mark=Mark.LINE,
                x=Field("run_date"),
                y=(Field("failed"), Field("missed")),
            ),
        ),
        row(
            6,
            Table(
                "waits",
                "Queue and clusters",
                "Runs of three days that waited in the queue, whose cluster was slow to start or was another.",
                *(_WAITS, 12),
                columns=(
                    *("started_at", "name", "problem", "minutes", "share", "actual_minutes"),
                    *("usual_minutes", "cluster", "usual_cluster", "owner", "run_id", "series_key"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "changed",
                "New since yesterday",
                "What the last night says of a job and the night before did not.",
                *(_CHANGES, 12),
                columns=(
                    *("name", "question", "verdict", "previous_verdict", "team", "owner", "tier"),
                    *("since_at", "series_key"),
                ),
            ),
        ),
        row(
            7,
            Table(
                "flags",
                "Unlike themselves",
                "What was flagged, the last night and its rarest first.",
                *(FLAGS, 6),
                columns=("night", "name", "metric", "severity", "run_id", "series_key"),
            ),
            Table(
                "new_levels",
                "New levels",
                "Where another level has become usual, the latest first.",
                *(NEW_LEVELS, 6),
                columns=(
                    "from_at",
                    "name",
                    "metric",
                    "level_before",
                    "level",
                    "ratio",
                    "series_key",
                ),
            ),
        ),
    ),
)
