"""The truth agrees with the tables when both are read the slow way, row by row."""

import re
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from tests.simulator.conftest import Account

NINE = Decimal("0.000000001")
Run = tuple[str, str]


@pytest.fixture(scope="module", params=["account", "unpunctual"])
def account(request: pytest.FixtureRequest) -> Account:
    """What is told at once, and what comes late, twice and in no order: the truth is what is known."""
    simulated: Account = request.getfixturevalue(request.param)
    return simulated


@pytest.fixture(scope="module")
def attempts(account: Account) -> dict[Run, list[dict[str, Any]]]:
    """Attempts of each run, folded from its slices in order of time."""
    rows = account.table("lakeflow/job_run_timeline").sort_values("period_end_time", kind="stable")
    folded: dict[Run, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.to_dict("records"):
        run = folded[row["workspace_id"], row["run_id"]]
        if not run or run[-1]["status"] is not None:
            run.append({"start": row["period_start_time"], "job_id": row["job_id"], "status": None,
                        "name": row["run_name"], "type": row["run_type"]})  # fmt: skip
        run[-1]["end"] = row["period_end_time"]
        run[-1]["status"] = row["result_state"]
    return dict(folded)


def test_runs(account: Account, attempts: dict[Run, list[dict[str, Any]]]) -> None:
    truth = account.truth("runs")
    assert len(truth) == len(attempts)
    for row in truth.to_dict("records"):
        run = attempts[row["workspace_id"], row["run_id"]]
        successes = [a["end"] for a in run if a["status"] == "SUCCEEDED"]
        submitted = run[0]["type"] == "SUBMIT_RUN"
        handle = run[0]["name"] if submitted else run[0]["job_id"]
        assert row["series_key"] == f"{row['workspace_id']}/{handle}"
        assert row["job_id"] == run[0]["job_id"]
        assert row["started_at"] == run[0]["start"]
        assert row["final_status"] == (run[-1]["status"] or "IN_FLIGHT")
        assert pd.isna(row["ended_at"]) == (run[-1]["status"] is None)
        assert pd.isna(row["ended_at"]) or row["ended_at"] == run[-1]["end"]
        assert (row["attempts"], row["repairs"]) == (len(run), len(run) - 1)
        assert pd.isna(row["first_success_at"]) == (not successes)
        assert not successes or row["first_success_at"] == min(successes)


def test_attempts(account: Account, attempts: dict[Run, list[dict[str, Any]]]) -> None:
    truth = account.truth("attempts")
    assert len(truth) == sum(len(run) for run in attempts.values())
    for row in truth.to_dict("records"):
        attempt = attempts[row["workspace_id"], row["run_id"]][row["attempt"]]
        assert row["started_at"] == attempt["start"]
        assert row["status"] == (attempt["status"] or "IN_FLIGHT")
        if attempt["status"] is not None:
            assert row["ended_at"] == attempt["end"]
            seconds = (attempt["end"] - attempt["start"]).total_seconds()
            assert row["duration_seconds"] == pytest.approx(seconds, abs=1e-9)


def read_level(tags: dict[str, str], rules: Any, timeout: Any) -> tuple[str, Any] | None:
    """What a definition declares: ("limit", seconds) or ("deadline", (clock, zone))."""
    for rule in rules if rules is not None else ():
        if rule["metric"] == "RUN_DURATION_SECONDS":
            return "limit", int(rule["value"])
    if "sla_minutes" in tags:
        return "limit", int(tags["sla_minutes"]) * 60
    text = tags.get("sla_deadline") or tags.get("sla") or ""
    if match := re.fullmatch(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?", text):
        return "limit", int(match[1] or 0) * 3600 + int(match[2] or 0) * 60
    if match := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?", text):
        return "deadline", (time(int(match[1]), int(match[2])), match[3] or "UTC")
    return ("limit", int(timeout)) if timeout and timeout > 0 else None


def due_at(start: datetime, clock: time, zone: str) -> datetime:
    local = start.astimezone(ZoneInfo(zone))
    for day in range(3):
        wall = datetime.combine(local.date() + timedelta(days=day), clock, ZoneInfo(zone))
        if wall.astimezone(UTC) > start:
            return wall.astimezone(UTC)
    raise AssertionError


def test_service_levels(account: Account, attempts: dict[Run, list[dict[str, Any]]]) -> None:
    versions = defaultdict(list)
    jobs = account.table("lakeflow/jobs").sort_values("change_time")
    for row in jobs.to_dict("records"):
        versions[row["workspace_id"], row["job_id"]].append(row)
    seen: dict[Any, int] = defaultdict(int)
    for row in account.truth("runs").to_dict("records"):
        run = attempts[row["workspace_id"], row["run_id"]]
        history = versions.get((row["workspace_id"], row["job_id"]), [])
        start = run[0]["start"]
        valid = [v for v in history if v["change_time"] <= start] or history[:1]
        declared = (
            [valid[-1][name] for name in ("tags", "health_rules", "timeout_seconds")]
            if valid
            else []
        )
        level = read_level(*declared) if declared else None
        assert row["sla_kind"] == (level[0] if level else None)
        met: bool | None = None
        final = run[-1]["status"]
        successes = [a for a in run if a["status"] == "SUCCEEDED"]
        if level and final not in ("CANCELLED", "SKIPPED"):
            kind, value = level
            if kind == "limit" and successes:
                met = (successes[0]["end"] - start_of(successes[0])).total_seconds() <= value
            elif kind == "limit" and final is not None:
                met = False
            elif kind == "deadline":
                due = due_at(start.to_pydatetime(), *value)
                if successes and successes[0]["end"] <= due:
                    met = True
                elif due <= account.end:
                    met = False
        assert row["sla_met"] is met, row
        seen[row["sla_kind"], met] += 1
    for case in (("limit", True), ("limit", False), ("deadline", True), ("deadline", False)):
        assert seen[case] > 0, case
    assert seen[None, None] > 0


def start_of(attempt: dict[str, Any]) -> pd.Timestamp:
    return attempt["start"]


def test_costs(account: Account) -> None:
    prices = account.table("billing/list_prices").sort_values("price_start_time")
    prices = prices.to_dict("records")
    summed: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in account.table("billing/usage").to_dict("records"):
        job = row["usage_metadata"]["job_id"]
        if job is None:
            continue
        quantity = row["usage_quantity"].quantize(NINE, ROUND_HALF_UP)
        # Where windows overlap the later price holds.
        price_in_force: dict[str, Any] = {}
        for price in prices:
            if (
                price["sku_name"] == row["sku_name"]
                and price["price_start_time"] <= row["usage_start_time"]
                and not price["price_end_time"] <= row["usage_start_time"]
            ):
                price_in_force[price["currency_code"]] = price
        for currency, price in price_in_force.items():
            money = price["pricing"]["effective_list"]["default"].quantize(NINE, ROUND_HALF_UP)
            key = (row["workspace_id"], job, row["usage_metadata"]["job_run_id"],
                   row["usage_date"], currency)  # fmt: skip
            summed[key] += quantity * money
    truth = account.truth("costs")
    keys = ["workspace_id", "job_id", "job_run_id", "usage_date", "currency_code"]
    true_costs = dict(
        zip(map(tuple, truth[keys].to_numpy().tolist()), truth["list_cost"], strict=True)
    )
    assert true_costs == dict(summed)


def test_the_smallest_safe_size_is_safe_and_one_less_is_not(account: Account) -> None:
    memory = account.table("compute/node_types").set_index("node_type")["memory_mb"]
    truth = account.truth("sizing")
    smaller = 0
    for row in truth.to_dict("records"):
        usable = memory[row["node_type"]] * row["usable_memory_share"]

        def seconds(workers: int, row: dict[str, Any] = row, usable: float = usable) -> float:
            serial = row["serial_fraction"]
            spill = row["spill_factor"] if usable * workers < row["demand_memory_mb"] else 1.0
            return float((serial + (1 - serial) / workers) * spill)

        current, smallest = row["current_workers"], row["smallest_safe_workers"]
        assert smallest <= current
        if current == 0:
            continue
        allowed = row["allowed_slowdown"]
        assert seconds(smallest) <= allowed * seconds(current) * (1 + 1e-12)
        if smallest > 1:
            assert seconds(smallest - 1) > allowed * seconds(current)
        smaller += smallest < current
    assert 0.1 < smaller / len(truth) < 0.7


def test_utilisation_shows_the_true_demand(account: Account) -> None:
    """Mean busy share of the workers of fixed clusters, start-up aside, against the truth."""
    minutes = account.table("compute/node_timeline")
    tasks = account.table("lakeflow/job_task_run_timeline")
    tasks = tasks[tasks["compute_ids"].notna()]
    owner = tasks.assign(cluster_id=tasks["compute_ids"].str[0]).drop_duplicates(
        ["workspace_id", "cluster_id"]
    )[["workspace_id", "cluster_id", "job_id"]]
    age = minutes["start_time"] - minutes.groupby("instance_id")["start_time"].transform("min")
    steady = minutes[~minutes["driver"] & (age > pd.Timedelta(minutes=5))]
    steady = steady.merge(owner, on=["workspace_id", "cluster_id"])
    steady["busy"] = steady["cpu_user_percent"] + steady["cpu_system_percent"]
    seen = steady.groupby(["workspace_id", "job_id"])["busy"].agg(["mean", "size"])
    cores = account.table("compute/node_types").set_index("node_type")["core_count"]
    truth = account.truth("sizing").set_index(["workspace_id", "job_id"])
    truth = truth[~truth["autoscale"] & (truth["current_workers"] > 0)]
    share = truth["demand_cores"] / (truth["node_type"].map(cores) * truth["current_workers"])
    both = pd.DataFrame({"true": 100 * share, "seen": seen["mean"], "size": seen["size"]}).dropna()
    both = both[(both["size"] > 200) & (both["true"] < 75)]
    assert len(both) > 5
    assert np.abs(both["seen"] / (both["true"] * 1.06 + 0.4) - 1).median() < 0.1
