"""What of an answer's row a person reads: several columns said in one, under the words of the field.

The whole row is in `--json` and `--csv`. Each view takes a row and gives a text by heading, its name first.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich.cells import cell_len, set_cell_size

from pipeline.answers import listings
from pipeline.answers.costs.attribution import UNATTRIBUTED
from pipeline.answers.listings import Listing
from pipeline.answers.phrases import Row, amount, cost_of, priced, regime, terms
from pipeline.answers.terminal.layout import KEY
from pipeline.answers.values import money, printable, shown, text

View = Callable[[Row], dict[str, str]]

_UNNAMED: Final = "(unnamed)"
_LONGEST_NAME: Final = 60
"""Columns of a name: a longer one gives way, for it is the key that names the job."""


def as_it_is(row: Row) -> dict[str, str]:
    """Every column under its own name."""
    return {name.replace("_", " "): shown(name, value) for name, value in row.items()}


def as_queried(row: Row) -> dict[str, str]:
    """A row of somebody's own query: every column as it is called, every digit, and NULL where it is."""
    return {name: _queried(value) for name, value in row.items()}


def _queried(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value)
        case float() | Decimal():
            return f"{value:.12g}"
        case datetime():
            return value.isoformat(sep=" ")
    return shown("", value)


def job(row: Row) -> dict[str, str]:
    """Which job a row is about: its name, and the key that it is asked for by."""
    name = text(row["name"]) or _UNNAMED
    key = text(row["series_key"])
    if name == key:
        return {"job": key, KEY: ""}
    if cell_len(name) > _LONGEST_NAME:
        name = f"{set_cell_size(name, _LONGEST_NAME - 1).rstrip()}…"
    return {"job": name, KEY: key}


def _who(row: Row) -> dict[str, str]:
    return job(row) | {"team": text(row["team"]), "tier": shown("tier", row["tier"])}


def jobs(row: Row) -> dict[str, str]:
    source = " by ".join(filter(None, (text(row["sla_kind"]), text(row["sla_source"]))))
    return _who(row) | {
        "owner": text(row["owner"]),
        "workspace": text(row["workspace_name"]),
        "state": text(row["state"]),
        "SLA": source,
        "runs": shown("runs", row["runs"]),
        "last run": shown("last_run_date", row["last_run_date"]),
    }


def failing(row: Row) -> dict[str, str]:
    return _who(row) | {
        "failures": shown("failures", row["consecutive_failures"]),
        "failing since": shown("since", row["failing_since"]),
        "code": text(row["last_termination_code"]) or text(row["last_failure_class"]),
        "last success": shown("at", row["last_success_at"]),
    }


def next_runs(row: Row) -> dict[str, str]:
    return _who(row) | {
        "P(miss)": shown("p_miss", row["p_miss"]),
        "next start": shown("at", row["next_start_at"]),
        "SLA": terms(row),
        "usual": shown("p50_seconds", row["p50_seconds"]),
        "95 % below": shown("p95_seconds", row["p95_seconds"]),
    }


def in_flight(row: Row) -> dict[str, str]:
    return _who(row) | {
        "run": text(row["run_id"]),
        "started": shown("at", row["started_at"]),
        "last seen": shown("at", row["seen_until"]),
        "had taken": shown("_seconds", row["elapsed_seconds"]),
        "half need": shown("_seconds", row["remaining_p50_seconds"]),
        "95 % need": shown("_seconds", row["remaining_p95_seconds"]),
        "SLA": terms(row),
        "P(miss)": shown("p_miss", row["p_miss"]),
        "reason": text(row["reason"]),
    }


def growing(row: Row) -> dict[str, str]:
    crossing = f"{text(row['crosses_on'])} ({text(row['crosses_earliest'])} to {text(row['crosses_latest']) or 'beyond a year'})"
    return _who(row) | {
        "usual": shown("_seconds", row["typical_seconds"]),
        "growth in 30 days": shown("growth_30_days", row["growth_30_days"]),
        "SLA leaves": shown("_seconds", row["allowed_seconds"]),
        "crosses": "already" if row["is_over"] else crossing,
    }


def compliance(row: Row) -> dict[str, str]:
    return _who(row) | {
        "compliance": shown("compliance", row["compliance"]),
        "met": shown("met", row["met"]),
        "missed": shown("missed", row["missed"]),
        "pending": shown("pending", row["pending"]),
        "worst margin": shown("_seconds", row["worst_margin_seconds"]),
    }


def slas(row: Row) -> dict[str, str]:
    source = text(row["sla_source"])
    return _who(row) | {
        "SLA": terms(row),
        "source": f"{source}, from the next night on" if row["from_next_night"] else source,
        "decided by": text(row["decided_by"]),
        "decided at": shown("at", row["decided_at"]),
        "P(miss)": shown("p_miss", row["p_miss"]),
        "misses in 7 days": shown("expected_misses", row["expected_misses"]),
    }


def proposals(row: Row) -> dict[str, str]:
    return _who(row) | {"SLA": terms(row), "evidence": text(row["evidence"])}


def sizes(row: Row) -> dict[str, str]:
    now, then = row["workers"], row["recommended_workers"]
    change = "" if now is None else f"{now} → {then}" if then not in (None, now) else f"{now}"
    cost = priced(row["list_cost_30_days"], row["unpriced_quantity"], row["unpriced_unit"])
    return _who(row) | {
        "action": text(row["action"]) or text(row["status"]),
        "workers": change,
        "node type": text(row["worker_node_type"]),
        "saves a month": _interval(row, "saving"),
        "costs more a month": _interval(row, "added_cost"),
        "cost of 30 days": cost,
        "P(miss) then": shown("p_miss", row["p_miss_recommended"]),
        "reason": text(row["reason"]),
    }


def _interval(row: Row, name: str) -> str:
    """Money a month with its 80 % interval; nothing where it is nothing."""
    low, middle, high = (row[f"{name}_{end}"] for end in ("lower", "mid", "upper"))
    if not middle:
        return ""
    part = " of the priced part" if (row["unpriced_quantity"] or 0) > 0 else ""
    return f"{money(middle)} ({money(low)} to {money(high)}) {row['currency_code']}{part}"


def flagged(row: Row) -> dict[str, str]:
    return job(row) | {
        "is": text(row["direction"]),
        "run": text(row["run_id"]),
        "retry": shown("retry", row["attempt"] or None),
        "started": shown("at", row["started_at"]),
        "confidence": text(row["confidence"]),
        "why": text(row["severity"]),
        "reason": text(row["confidence_reason"]),
    }


def changes(row: Row) -> dict[str, str]:
    return _who(row) | {
        "question": text(row["question"]).replace("_", " "),
        "before": text(row["previous_verdict"]).replace("_", " "),
        "now": text(row["verdict"]).replace("_", " "),
    }


def regimes(row: Row) -> dict[str, str]:
    return _who(row) | {
        "metric": text(row["metric"]).removesuffix("_seconds").replace("_", " "),
        "change": regime(row),
        "before": amount(row, "level_before"),
        "now": amount(row, "level"),
        "list cost a run": _more(row["list_cost_change"]),
        "first run": text(row["first_run_id"]),
    }


def _more(change: float | None) -> str:
    """Money more, or less, to four decimals where it is little; nothing where it is not known."""
    if change is None:
        return ""
    return f"{change:+,.2f}" if abs(change) >= 0.1 else f"{change:+.2g}"


def resizes(row: Row) -> dict[str, str]:
    return _who(row) | {
        "resized": shown("at", row["resized_at"]),
        "workers": f"{row['workers_before']} → {row['workers_after']}",
    }


def team_costs(row: Row) -> dict[str, str]:
    # A part of nothing is left blank: beside usage without a price it would look free.
    parts = {
        heading: money(float(row[name])) if row[name] else ""
        for heading, name in (
            ("by job tag", "by_job_tag"),
            ("by pipeline tag", "by_pipeline_tag"),
            ("by usage tag", "by_usage_tag"),
        )
    }
    return {
        "team": text(row["team"]) or UNATTRIBUTED,
        "list cost": cost_of(row),
        "currency": text(row["currency_code"]),
        **parts,
        "most jobs a day": shown("jobs", row["most_jobs_a_day"]),
    }


def job_costs(row: Row) -> dict[str, str]:
    return _who(row) | {
        "list cost": cost_of(row),
        "currency": text(row["currency_code"]),
        "days": shown("days", row["days_with_usage"]),
    }


def sources(row: Row) -> dict[str, str]:
    """What is as it should be is left blank, and its column goes where that is so of all sources."""
    ahead = row["ahead_hours"] or 0
    return {
        "source": text(row["source_table"]).removeprefix("system."),
        "reached": shown("at", row["reached_at"]),
        "behind": hours(row["behind_hours"]),
        "received": shown("at", row["received_at"]),
        "ahead": hours(ahead) if ahead > 0 else "",
        "gap": "" if row["gap"] == "within" else text(row["gap"]),
        "columns absent": ", ".join(map(printable, row["columns_absent"] or ())),
    }


def hours(span: float | None) -> str:
    return "" if span is None else f"{span / 24:,.1f} d" if span >= 48 else f"{span:,.1f} h"


def steps(row: Row) -> dict[str, str]:
    written = sum(row[name] for name in ("inserted", "updated", "deleted"))
    return {
        "table": text(row["table_name"]),
        "stage": text(row["stage"]),
        "mode": text(row["mode"]),
        "read": shown("rows", row["rows_read"]),
        "written": shown("rows", written),
        "took": shown("_seconds", row["seconds"]),
    }


def unassessed(row: Row) -> dict[str, str]:
    """How many jobs have no answer to a question, and why."""
    return {
        "question": text(row["question"]),
        "jobs": shown("jobs", row["jobs"]),
        "status": text(row["status"]),
        "reason": text(row["reason"]),
    }


VIEWS: Final[dict[Listing, View]] = {
    listings.JOBS: jobs,
    listings.FAILING: failing,
    listings.CHANGES: changes,
    listings.NEXT_RUNS: next_runs,
    listings.POSSIBLE_MISSES: next_runs,
    listings.IN_FLIGHT: in_flight,
    listings.GROWING: growing,
    listings.COMPLIANCE: compliance,
    listings.SLAS: slas,
    listings.PROPOSALS: proposals,
    listings.FLAGGED: flagged,
    listings.BELOW_FLOOR: flagged,
    listings.REGIMES: regimes,
    listings.RESIZES: resizes,
    listings.SIZES: sizes,
    listings.ALL_SIZES: sizes,
    listings.TEAM_COSTS: team_costs,
    listings.JOB_COSTS: job_costs,
}
"""How each list is shown."""
