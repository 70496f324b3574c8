"""Job: everything about one."""

from typing import Final

from pipeline.dashboards.filters import JOB as JOB_FILTER
from pipeline.dashboards.page import Aggregate, Chart, Counter, Field, Mark, Page, Table, row
from pipeline.dashboards.pages.job_datasets import (
    BAND,
    CHAIN,
    CHANGES,
    COSTS,
    DEPENDENCIES,
    FAILURES,
    FLAGS,
    LEVELS,
    RECEIPTS,
    RUNS,
    SLA_BY_DAY,
    SUMMARY,
    TASKS,
    USED_HOURS,
)
from pipeline.dashboards.pages.utilisation import TONES
from pipeline.dashboards.theme import Tone

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
                *(SUMMARY, 3),
                value="last_verdict",
            ),
            Counter(
                "p_miss",
                "Next run misses",
                "The probability that its next run misses its SLA.",
                *(SUMMARY, 2),
                value="p_miss",
            ),
            Counter(
                "success_rate",
                "Success rate",
                "Of its runs that succeeded, failed or timed out, the part that succeeded.",
                *(SUMMARY, 2),
                value="success_rate",
                before="previous_success_rate",
            ),
            Counter(
                "sla_compliance",
                "SLA compliance",
                "Of its runs with an SLA that has been decided, the part that kept it.",
                *(SUMMARY, 2),
                value="sla_compliance",
                before="previous_sla_compliance",
            ),
            Counter(
                "list_cost",
                "List cost",
                "Quantity times list price over the days shown; not an invoice.",
                *(SUMMARY, 3),
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
                *(SUMMARY, 12),
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
                *(BAND, 12),
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
                *(SLA_BY_DAY, 6),
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
                *(FAILURES, 6),
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
                *(FAILURES, 6),
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
                *(TASKS, 6),
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
                *(COSTS, 6),
                mark=Mark.BAR,
                x=Field("usage_date"),
                y=(Field("list_cost", Aggregate.SUM),),
                color=Field("product"),
            ),
            Chart(
                "node_hours_by_day",
                "Node-hours by day",
                "A bar a day: node-hours that were busy, idle, left no minutes, or are of a GPU.",
                *(USED_HOURS, 6),
                mark=Mark.BAR,
                x=Field("used_date"),
                y=(Field("node_hours", Aggregate.SUM),),
                color=Field("what"),
                tones=TONES,
            ),
        ),
        row(
            3,
            Table(
                "chain",
                "Its chain",
                "How many jobs come before and after it, and by when it must run for their deadlines to be kept.",
                *(CHAIN, 12),
                columns=(
                    *("upstream_jobs", "downstream_jobs", "downstream_slas", "downstream_owners"),
                    *("expected_start_at", "latest_start_at", "latest_end_at", "slack_minutes"),
                    *("deadline_at", "deadline_job", "critical_path", "problem"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "dependencies",
                "Depends on, and reaches",
                "The jobs next to it in its chain: those that fire or feed it first, then those that it does.",
                *(DEPENDENCIES, 12),
                columns=(
                    *("direction", "name", "kind", "table_name", "runs", "runs_share"),
                    *("ready_minutes", "wait_minutes", "latest_start_at", "slack_minutes"),
                    *("last_seen_at", "owner", "series_key"),
                ),
            ),
        ),
        row(
            6,
            Table(
                "changes",
                "What was changed",
                "Changes before a run that was flagged or took to another level, the latest first.",
                *(CHANGES, 12),
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
                *(LEVELS, 6),
                columns=("metric", "from_at", "to_at", "level", "ratio", "direction", "run_id"),
            ),
            Table(
                "flags",
                "Unlike itself",
                "What was flagged in the days shown, the latest first.",
                *(FLAGS, 6),
                columns=("night", "metric", "severity", "ratio", "started_at", "run_id"),
            ),
        ),
        row(
            6,
            Table(
                "receipts",
                "What was said, and what came",
                "What nights said of it in the days shown, and what came of it, the latest first.",
                *(RECEIPTS, 12),
                columns=("night_at", "said", "outcome", "expected_start_at", "minutes", "run_id"),
            ),
        ),
        row(
            8,
            Table(
                "runs",
                "Runs",
                "Its runs of the days shown, the latest first.",
                *(RUNS, 12),
                columns=(
                    *("started_at", "status", "minutes", "queue_minutes", "attempts", "sla_status"),
                    *("due_at", "margin_minutes", "list_cost", "why", "cause", "task"),
                    *("trigger_type", "run_id"),
                ),
            ),
        ),
    ),
)
