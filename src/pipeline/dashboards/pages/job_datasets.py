"""What the page of one job shows: datasets about the job that is chosen."""

from typing import Final

from pipeline.dashboards.dataset import Column, Dataset
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
from pipeline.dashboards.pages.columns import KEY, NAME, OWNER, RUN, TEAM, TIER

SUMMARY: Final = Dataset(
    "job_summary",
    "The job, and how it does",
    (
        NAME,
        Column("workspace", "Workspace", TEXT),
        TEAM,
        OWNER,
        TIER,
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
        *KEY,
    ),
)
BAND: Final = Dataset(
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
RUNS: Final = Dataset(
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
        *RUN,
    ),
)
SLA_BY_DAY: Final = Dataset(
    "job_sla_by_day",
    "How it kept its SLA, by day",
    (Column("run_date", "Day", DAY), Column("outcome", "SLA", TEXT), Column("runs", "Runs", COUNT)),
)
FAILURES: Final = Dataset(
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
TASKS: Final = Dataset(
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
COSTS: Final = Dataset(
    "job_costs_by_day",
    "Its list cost, by day and product",
    (
        Column("usage_date", "Day", DAY),
        Column("product", "Product", TEXT),
        Column("list_cost", "List cost", MONEY),
    ),
)
USED_HOURS: Final = Dataset(
    "job_node_hours",
    "Its node-hours, by day and what is known of them",
    (
        Column("used_date", "Day", DAY),
        Column("what", "What they did", TEXT),
        Column("node_hours", "Node-hours", NODE_HOURS),
    ),
)
CHANGES: Final = Dataset(
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
        *RUN,
    ),
)
LEVELS: Final = Dataset(
    "job_levels",
    "What has been usual of it",
    (
        Column("metric", "Metric", TEXT),
        Column("from_at", "From", TIME),
        Column("to_at", "To", TIME),
        Column("level", "Usual", DECIMAL),
        Column("ratio", "Over the one before", RATIO),
        Column("direction", "Which way", TEXT),
        *RUN,
    ),
)
FLAGS: Final = Dataset(
    "job_flags",
    "What was flagged of it",
    (
        Column("night", "Night", DAY),
        Column("metric", "Metric", TEXT),
        Column("severity", "In words", TEXT),
        Column("ratio", "Over its usual", RATIO),
        Column("started_at", "Began", TIME),
        *RUN,
    ),
)
CHAIN: Final = Dataset(
    "job_chain",
    "Its place in its chain",
    (
        Column("upstream_jobs", "Jobs before", COUNT),
        Column("downstream_jobs", "Jobs after", COUNT),
        Column("downstream_slas", "Of these with an SLA", COUNT),
        Column("downstream_owners", "Owners", COUNT),
        Column("expected_start_at", "Expected start", TIME),
        Column("latest_start_at", "Latest start", TIME),
        Column("latest_end_at", "Latest end", TIME),
        Column("slack_minutes", "To spare", MINUTES),
        Column("deadline_at", "Deadline", TIME),
        Column("deadline_job", "Whose", TEXT),
        Column("critical_path", "Critical path", TEXT),
        Column("problem", "What is not known", TEXT),
    ),
)
DEPENDENCIES: Final = Dataset(
    "job_dependencies_shown",
    "What it depends on and reaches",
    (
        Column("direction", "Which", TEXT),
        NAME,
        Column("kind", "How", TEXT),
        Column("table_name", "Table", TEXT),
        Column("runs", "Runs", COUNT),
        Column("runs_share", "Part of the later one's", SHARE),
        Column("ready_minutes", "Ready after", MINUTES),
        Column("wait_minutes", "Then waits", MINUTES),
        Column("latest_start_at", "Latest start", TIME),
        Column("slack_minutes", "To spare", MINUTES),
        Column("last_seen_at", "Last seen", TIME),
        OWNER,
        *KEY,
    ),
)
RECEIPTS: Final = Dataset(
    "job_receipts",
    "What was said of it, and what came",
    (
        Column("night_at", "Night", TIME),
        Column("said", "What was said", TEXT),
        Column("outcome", "What came", TEXT),
        Column("expected_start_at", "Expected", TIME),
        Column("minutes", "It took", MINUTES),
        *RUN,
    ),
)
