"""Job: everything about one."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
from pipeline.dashboards.filters import JOB as JOB_FILTER
from pipeline.dashboards.formats import (
    COUNT,
    DAY,
    DECIMAL,
    MINUTES,
    MONEY,
    NODE_HOURS,
    RATIO,
    SHARE,
    TEXT,
    TIME,
)
from pipeline.dashboards.page import Aggregate, Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.utilisation import TONES
from pipeline.dashboards.theme import Tone

_RUN: Final = (
    Column("run_id", "Run", TEXT, link="run_url"),
    Column("run_url", "Address of the run", TEXT),
)
_SUMMARY: Final = Dataset(
    "job_summary",
    "The job, and how it does",
    (
        Column("name", "Job", TEXT, link="url"),
        Column("workspace", "Workspace", TEXT),
        Column("team", "Team", TEXT),
        Column("owner", "Owner", TEXT),
        Column("tier", "Tier", TEXT),
        Column("state", "State", TEXT),
        Column("last_verdict", "Last verdict", TEXT),
        Column("sla", "SLA", TEXT),
        Column("sla_source", "Declared in", TEXT),
        Column("cron", "Schedule", TEXT),
        Column("p_miss", "P(next run misses)", SHARE),
        Column("next_start_at", "Next start", TIME),
        Column("usual_minutes", "Usual duration", MINUTES),
        Column("success_rate", "Success rate", SHARE),
        Column("previous_success_rate", "Period before", SHARE),
        Column("sla_compliance", "SLA compliance", SHARE),
        Column("previous_sla_compliance", "Period before", SHARE),
        Column("list_cost", "List cost", MONEY),
        Column("previous_list_cost", "Period before", MONEY),
        Column("series_key", "Key", TEXT),
        Column("url", "Address", TEXT),
    ),
)
_BAND: Final = Dataset(
    "job_band",
    "How long its runs took and will take, beside what is usual",
    (
        Column("started_at", "Began", TIME),
        Column("minutes", "Took", MINUTES),
        Column("usual_low", "1 % are shorter", MINUTES),
        Column("usual_high", "1 % are longer", MINUTES),
        Column("forecast", "Forecast", MINUTES),
        Column("forecast_high", "Forecast, 5 % longer", MINUTES),
    ),
)
_RUNS: Final = Dataset(
    "job_runs",
    "Its runs",
    (
        Column("started_at", "Began", TIME),
        Column("status", "Ended", TEXT),
        Column("minutes", "Time in attempts", MINUTES),
        Column("queue_minutes", "Queue", MINUTES),
        Column("attempts", "Attempts", COUNT),
        Column("sla_status", "SLA", TEXT),
        Column("due_at", "Due", TIME),
        Column("margin_minutes", "To spare", MINUTES),
        Column("list_cost", "List cost", MONEY),
        Column("why", "Why it failed", TEXT),
        Column("cause", "Cause", TEXT),
        Column("task", "Task that failed first", TEXT),
        Column("trigger_type", "Fired by", TEXT),
        *_RUN,
    ),
)
_SLA_BY_DAY: Final = Dataset(
    "job_sla_by_day",
    "How it kept its SLA, by day",
    (Column("run_date", "Day", DAY), Column("outcome", "SLA", TEXT), Column("runs", "Runs", COUNT)),
)
_FAILURES: Final = Dataset(
    "job_failures",
    "Its failures, by cause and task",
    (
        Column("run_date", "Day", DAY),
        Column("cause", "Cause", TEXT),
        Column("why", "Why", TEXT),
        Column("task", "Task that failed first", TEXT),
        Column("runs", "Runs", COUNT),
        Column("runs_repaired", "Of these repaired", COUNT),
        Column("attempts_failed", "Attempts failed", COUNT),
        Column("lost_minutes", "Time lost", MINUTES),
    ),
)
_TASKS: Final = Dataset(
    "job_tasks",
    "Its tasks",
    (
        Column("task_key", "Task", TEXT),
        Column("tries", "Tries", COUNT),
        Column("retries", "Retries", COUNT),
        Column("failures", "Failures", COUNT),
        Column("mean_minutes", "Mean of successes", MINUTES),
        Column("worst_p95_minutes", "95 % of the worst day", MINUTES),
        Column("busy_minutes", "Time in all", MINUTES),
        Column("share", "Part of its runs", SHARE),
    ),
)
_COSTS: Final = Dataset(
    "job_costs_by_day",
    "Its list cost, by day and product",
    (
        Column("usage_date", "Day", DAY),
        Column("product", "Product", TEXT),
        Column("list_cost", "List cost", MONEY),
    ),
)
_NODE_HOURS: Final = Dataset(
    "job_node_hours",
    "Its node-hours, by day and what is known of them",
    (
        Column("used_date", "Day", DAY),
        Column("what", "What they did", TEXT),
        Column("node_hours", "Node-hours", NODE_HOURS),
    ),
)
_CHANGES: Final = Dataset(
    "job_changes_known",
    "What was changed of it",
    (
        Column("changed_at", "Changed", TIME),
        Column("aspect", "What", TEXT),
        Column("task_key", "Task", TEXT),
        Column("before", "Before", TEXT),
        Column("after", "After", TEXT),
        Column("affected_since", "May tell since", TIME),
        Column("runs_between", "Runs between", COUNT),
        *_RUN,
    ),
)
_LEVELS: Final = Dataset(
    "job_levels",
    "What has been usual of it",
    (
        Column("metric", "Metric", TEXT),
        Column("from_at", "From", TIME),
        Column("to_at", "To", TIME),
        Column("level", "Usual", DECIMAL),
        Column("ratio", "Over the one before", RATIO),
        Column("direction", "Which way", TEXT),
        *_RUN,
    ),
)
_FLAGS: Final = Dataset(
    "job_flags",
    "What was flagged of it",
    (
        Column("night", "Night", DAY),
        Column("metric", "Metric", TEXT),
        Column("severity", "In words", TEXT),
        Column("ratio", "Over its usual", RATIO),
        Column("started_at", "Began", TIME),
        *_RUN,
    ),
)
_RECEIPTS: Final = Dataset(
    "job_receipts",
    "What was said of it, and what came",
    (
        Column("night_at", "Night", TIME),
        Column("said", "What was said", TEXT),
        Column("outcome", "What came", TEXT),
        Column("expected_start_at", "Expected", TIME),
        Column("minutes", "It took", MINUTES),
        *_RUN,
    ),
)

JOB: Final = Page(
    name="job",
    title="Job",
    question="How is this job, what will it do next, and what was done to it?",
    reader="the owner of a job",
    own_filters=(JOB_FILTER,),
    rows=(
        row(
            3,
            Counter(
                "last_verdict",
                "Now",
                "How its last run with a verdict ended.",
                *(_SUMMARY, 3),
                value="last_verdict",
            ),
            Counter(
                "p_miss",
                "Next run misses",
                "The probability that its next run misses its SLA.",
                *(_SUMMARY, 2),
                value="p_miss",
            ),
            Counter(
                "success_rate",
                "Success rate",
                "Of its runs that succeeded, failed or timed out, the part that succeeded.",
                *(_SUMMARY, 2),
                value="success_rate",
                before="previous_success_rate",
            ),
            Counter(
                "sla_compliance",
                "SLA compliance",
                "Of its runs with an SLA that has been decided, the part that kept it.",
                *(_SUMMARY, 2),
                value="sla_compliance",
                before="previous_sla_compliance",
            ),
            Counter(
                "list_cost",
                "List cost",
                "Quantity times list price over the days shown; not an invoice.",
                *(_SUMMARY, 3),
                value="list_cost",
                before="previous_list_cost",
            ),
        ),
        row(
            3,
            Table(
                "who",
                "The job",
                "Whose it is, when it runs, and what was promised of it.",
                *(_SUMMARY, 12),
                columns=(
                    *("name", "workspace", "team", "owner", "tier", "state", "sla", "sla_source"),
                    *("cron", "next_start_at", "usual_minutes", "series_key"),
                ),
            ),
        ),
        row(
            7,
            Chart(
                "band",
                "How long its runs took and will take",
                "Lines by start: what each run took, what was usual before it, and what is forecast.",
                *(_BAND, 12),
                mark=Mark.LINE,
                x=Field("started_at"),
                y=tuple(
                    map(Field, ("minutes", "usual_low", "usual_high", "forecast", "forecast_high"))
                ),
            ),
        ),
        row(
            5,
            Chart(
                "sla_by_day",
                "SLA by day",
                "A bar a day: runs that met the SLA, missed it, or are not decided.",
                *(_SLA_BY_DAY, 6),
                mark=Mark.BAR,
                x=Field("run_date"),
                y=(Field("runs", Aggregate.SUM),),
                color=Field("outcome"),
                tones=(("met", Tone.GOOD), ("missed", Tone.BAD), ("pending", Tone.WAITING)),
            ),
            Chart(
                "failures_by_day",
                "Failures by cause",
                "A bar a day: runs of which an attempt failed, by cause.",
                *(_FAILURES, 6),
                mark=Mark.BAR,
                x=Field("run_date"),
                y=(Field("runs", Aggregate.SUM),),
                color=Field("cause"),
            ),
        ),
        row(
            6,
            Table(
                "failures",
                "Failures",
                "Runs of which an attempt failed, by day, cause and task, the latest first.",
                *(_FAILURES, 6),
                columns=(
                    "run_date",
                    "cause",
                    "why",
                    "task",
                    "runs",
                    "runs_repaired",
                    "lost_minutes",
                ),
            ),
            Table(
                "tasks",
                "Tasks",
                "What each task took, those that took most first; tasks side by side count each.",
                *(_TASKS, 6),
                columns=(
                    *("task_key", "tries", "retries", "failures", "mean_minutes"),
                    *("worst_p95_minutes", "busy_minutes", "share"),
                ),
            ),
        ),
        row(
            5,
            Chart(
                "cost_by_day",
                "List cost by day",
                "A bar a day: its list cost, by billing's product.",
                *(_COSTS, 6),
                mark=Mark.BAR,
                x=Field("usage_date"),
                y=(Field("list_cost", Aggregate.SUM),),
                color=Field("product"),
            ),
            Chart(
                "node_hours_by_day",
                "Node-hours by day",
                "A bar a day: node-hours that were busy, idle, left no minutes, or are of a GPU.",
                *(_NODE_HOURS, 6),
                mark=Mark.BAR,
                x=Field("used_date"),
                y=(Field("node_hours", Aggregate.SUM),),
                color=Field("what"),
                tones=TONES,
            ),
        ),
        row(
            6,
            Table(
                "changes",
                "What was changed",
                "Changes before a run that was flagged or took to another level, the latest first.",
                *(_CHANGES, 12),
                columns=(
                    *("changed_at", "aspect", "task_key", "before", "after", "affected_since"),
                    *("runs_between", "run_id"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "levels",
                "What has been usual",
                "The levels of each metric, the latest first.",
                *(_LEVELS, 6),
                columns=("metric", "from_at", "to_at", "level", "ratio", "direction", "run_id"),
            ),
            Table(
                "flags",
                "Unlike itself",
                "What was flagged in the days shown, the latest first.",
                *(_FLAGS, 6),
                columns=("night", "metric", "severity", "ratio", "started_at", "run_id"),
            ),
        ),
        row(
            6,
            Table(
                "receipts",
                "What was said, and what came",
                "What nights said of it in the days shown, and what came of it, the latest first.",
                *(_RECEIPTS, 12),
                columns=("night_at", "said", "outcome", "expected_start_at", "minutes", "run_id"),
            ),
        ),
        row(
            8,
            Table(
                "runs",
                "Runs",
                "Its runs of the days shown, the latest first.",
                *(_RUNS, 12),
                columns=(
                    *("started_at", "status", "minutes", "queue_minutes", "attempts", "sla_status"),
                    *("due_at", "margin_minutes", "list_cost", "why", "cause", "task"),
                    *("trigger_type", "run_id"),
                ),
            ),
        ),
    ),
)
