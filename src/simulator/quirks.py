"""The quirks of an account by name: the habits of the source and the events that make it hard to read.

A quirk that is left out is absent from the account: without any, every run starts when it is due,
succeeds, is reported once and at once, and costs what one price says.
"""

from pipeline.errors import UserError

SOURCE_QUIRKS = {
    "slicing_switch": "Before 2026-01-19 runs are cut into hours counted from their start, after"
    " it at clock hours; without, at clock hours always.",
    "in_flight": "Slices of a run arrive as its hours close; without, when its attempt has ended.",
    "latency": "Rows arrive minutes (timelines), an hour (compute) or many hours (billing) late.",
    "late_rows": "Some rows arrive days late, first slices and outcomes among them.",
    "delivered_twice": "Some rows are delivered again, days later.",
    "out_of_order": "Rows of a delivery are in no order.",
    "columns_added": "Rows from before December 2025 lack the columns added then.",
    "zero_durations": "Runs of multi-task jobs report a literal 0 as their durations.",
    "never_started": "Some runs find the queue full or the job busy, and never start.",
    "failures": "Attempts fail, are cancelled or time out.",
    "repairs": "Failed runs are repaired under the same run id.",
    "task_retries": "Failed tasks are retried within the run, as a new task run.",
    "run_retries": "Legacy single-task jobs retry as a new run (ONETIME_RETRY).",
    "cancel_spellings": "A cancelled run's code is CANCELED, CANCELLED or USER_CANCELED.",
    "continuous": "Continuous jobs run for days.",
    "one_off_submits": "An outside scheduler submits runs with a new job id each time.",
    "run_jobs": "Some jobs have no schedule: a task of another job fires their runs, and waits for them.",
    "notebook_workflows": "Notebooks start runs that are billed with their parent.",
    "sql_tasks": "Jobs of SQL tasks run on a warehouse, whose usage knows no job.",
    "pipelines": "Jobs start pipelines, whose usage is billed under the pipeline.",
    "all_purpose": "Jobs run on shared interactive clusters, whose usage knows no job.",
    "serverless_modes": "Serverless runs have two performance targets and several usage rows an"
    " hour.",
    "spot_replacement": "A worker is replaced mid-run: more instances than the cluster has nodes.",
    "short_nodes_missing": "Nodes of clusters that lived under ten minutes leave no minutes.",
    "scd2_bursts": "One edit leaves several versions within seconds.",
    "edits": "Jobs are renamed, change hands and change their service level.",
    "deletions": "Jobs are deleted; their tasks' rows do not say so.",
    "same_names": "Several jobs have one name.",
    "shared_ids": "Two workspaces use one job id, and one run id.",
    "tag_spellings": "Tags come in several spellings, or are forgotten.",
    "hostile_names": "Some names hold quotes, markup, line breaks or 900 letters.",
    "corrections": "Usage is retracted and restated, days or weeks later.",
    "usage_without_run": "Some usage of a job names no run.",
    "account_usage": "Some usage belongs to no workspace.",
    "free_usage": "Usage of a free SKU, which has no price.",
    "missing_prices": "Usage of a SKU whose price is missing.",
    "price_changes": "Prices change within the history.",
    "overlapping_prices": "A price's window reaches into the next one.",
    "promotional_prices": "An effective price below the list price.",
    "currencies": "Prices come in several currencies.",
    "usage_units": "Some usage is not in DBU.",
}
EVENTS = {
    "incidents": "Many jobs of a workspace are slow at once, for hours.",
    "slowdowns": "Single runs are slow, for no reason that lasts.",
    "level_shifts": "From one run on, a job takes longer or shorter.",
    "slow_growth": "A job takes a little longer every day.",
    "month_ends": "A job takes longer around the end of a month.",
    "volume_growth": "A job's input grows, and its work with it.",
    "downstream_failures": "A run fails because the one it depends on did.",
    "undersized": "Some clusters lack memory: they spill, wait and take much longer.",
    "resizes": "A cluster is resized within the history, and runtimes follow the scaling law.",
}
QUIRKS = SOURCE_QUIRKS | EVENTS
ALL = frozenset(QUIRKS)
NONE: frozenset[str] = frozenset()
# A run log brings its own starts, durations and outcomes: nothing may hide or change a run.
OF_A_LOG = frozenset(
    {"in_flight", "serverless_modes", "same_names", "shared_ids", "tag_spellings", "corrections",
     "short_nodes_missing", "free_usage", "missing_prices", "price_changes", "overlapping_prices",
     "promotional_prices", "currencies", "zero_durations"}
)  # fmt: skip


def parse_quirks(text: str) -> frozenset[str]:
    """`all`, `none` or names with commas between them."""
    if text in ("all", "none"):
        return ALL if text == "all" else NONE
    return require_known(frozenset(word.strip() for word in text.split(",")))


def require_known(names: frozenset[str]) -> frozenset[str]:
    """Return the names; a UserError lists all quirks if one of them is unknown."""
    unknown = sorted(names - ALL)
    if unknown:
        raise UserError(
            f"simulator: there is no quirk {', '.join(map(repr, unknown))};"
            f" write all, none or some of: {', '.join(QUIRKS)}."
        )
    return names
