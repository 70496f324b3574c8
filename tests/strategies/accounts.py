"""Histories of small accounts, and what may be done to them without changing a word of the answers.

An account is one job of one workspace: versions of its definition, runs with attempts and repairs,
their slices and those of their tasks, and usage with corrections. Many of them, each a workspace,
fit into one frame, so that one call of the engine checks them all.
"""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from pipeline.tables import bronze
from pipeline.tables.declaration import Table
from tests.strategies.tables import Row, at, attempt_slices

Account = dict[Table, list[Row]]
"""Rows of bronze by table."""
Change = Callable[[Account, random.Random], Account]
_SLICED = (bronze.JOB_RUN_TIMELINE, bronze.JOB_TASK_RUN_TIMELINE)
_OUTCOME = ("result_state", "termination_code")
_RESULTS = ("SUCCEEDED", "SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELLED", "EVICTED", None)
_KINDS: tuple[Row, ...] = (
    {},
    {},
    {"run_type": "SUBMIT_RUN", "run_name": "debug task"},
    {"run_type": "SUBMIT_RUN", "run_name": "load 2026-03-23"},
)
_SLAS = (None, [("sla", "45m")], [("SLA", "06:30 Europe/Berlin"), ("team", "b")], [("Team", "A a")])
# As fine as costs are counted: finer parts are rounded each by itself.
_QUANTITY = Decimal("0.000000001")
_SKUS = ("JOBS", "JOBS", "SQL", "UNKNOWN")


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """A job `7` in the workspace `w`, with up to three runs; or a work that is submitted."""
    kind = draw(st.sampled_from(_KINDS))
    job = {"workspace_id": "w", "job_id": "7"}
    account: Account = {table: [] for table in (bronze.JOBS, *_SLICED, bronze.USAGE)}
    for number, tags in enumerate(draw(st.lists(st.sampled_from(_SLAS), max_size=3))):
        account[bronze.JOBS].append(job | {"change_time": at(3 * number - 1, 5), "tags": tags})
    for number in range(draw(st.integers(1, 3))):
        run = job | {"run_id": f"r{number}"} | kind
        start = at(draw(st.integers(0, 6)), draw(st.integers(0, 23)), draw(st.integers(0, 59)))
        by_clock = draw(st.booleans())
        for attempt in range(draw(st.integers(1, 3))):
            end = start + timedelta(seconds=draw(st.integers(0, 3 * 3600)))
            result = draw(st.sampled_from(_RESULTS)) or (None if end > start else "SKIPPED")
            task = job | {"run_id": f"t{number}.{attempt}", "job_run_id": run["run_id"]}
            for table, key in zip(_SLICED, (run, task | {"task_key": "load"}), strict=True):
                account[table] += attempt_slices(key, start, end, result, by_clock=by_clock)
            account[bronze.USAGE] += draw(_usage(run["run_id"], len(account[bronze.USAGE])))
            start = end + timedelta(seconds=draw(st.integers(1, 9 * 3600)))
            if result is None:
                break
    return account


@st.composite
def _usage(draw: st.DrawFn, run: str, first: int) -> list[Row]:
    rows = []
    for number in range(first, first + draw(st.integers(0, 2))):
        start = at(draw(st.integers(0, 6)), draw(st.integers(0, 23)))
        rows.append(
            {
                "workspace_id": "w",
                "record_id": f"u{number}",
                "record_type": "ORIGINAL",
                "sku_name": draw(st.sampled_from(_SKUS)),
                "cloud": "AWS",
                "usage_unit": "DBU",
                "usage_start_time": start,
                "usage_end_time": start + timedelta(hours=1),
                "usage_date": start.date(),
                "usage_quantity": draw(st.integers(0, 10**11)) * _QUANTITY,
                "billing_origin_product": "JOBS",
                "custom_tags": draw(st.sampled_from((None, [("team", "c")]))),
                "usage_metadata": {"job_id": "7", "job_run_id": run},
            }
        )
        if draw(st.booleans()):
            rows += _correction(rows[-1], draw(st.integers(0, 10**11)) * _QUANTITY)
    return rows


def _correction(record: Row, quantity: Decimal) -> list[Row]:
    """What takes `record` back, and what states it anew."""
    return [
        record | {"record_type": "RETRACTION", "usage_quantity": -record["usage_quantity"]},
        record | {"record_type": "RESTATEMENT", "usage_quantity": quantity},
    ]


def in_workspace(account: Account, workspace: str) -> Account:
    return {
        table: [row | {"workspace_id": workspace} for row in rows]
        for table, rows in account.items()
    }


def together(many: Sequence[Account]) -> Account:
    """Several accounts, each in a workspace of its own, as one."""
    return {table: [row for one in many for row in one[table]] for table in many[0]}


def in_another_order(account: Account, rng: random.Random) -> Account:
    return {table: rng.sample(rows, len(rows)) for table, rows in account.items()}


def with_slices_split(account: Account, rng: random.Random) -> Account:
    def parts(row: Row) -> list[Row]:
        start, end = row["period_start_time"], row["period_end_time"]
        seconds = int((end - start).total_seconds())
        if seconds < 2 or rng.random() < 0.5:
            return [row]
        cut = start + timedelta(seconds=rng.randrange(1, seconds))
        first = row | {"period_end_time": cut} | dict.fromkeys(_OUTCOME)
        return [first, *parts(row | {"period_start_time": cut})]

    split = {t: [part for row in account[t] for part in parts(row)] for t in _SLICED}
    return {**account, **split}


def with_usage_split(account: Account, rng: random.Random) -> Account:
    """Each quantity over two records; seen from there, two records merged into one."""

    def parts(row: Row) -> list[Row]:
        units = int(row["usage_quantity"] / _QUANTITY)
        some = rng.randint(min(0, units), max(0, units)) * _QUANTITY
        rest = row["usage_quantity"] - some
        other = {"record_id": row["record_id"] + "b", "usage_quantity": rest}
        return [row | {"usage_quantity": some}, row | other]

    return {**account, bronze.USAGE: [p for row in account[bronze.USAGE] for p in parts(row)]}


def with_corrections_that_correct_nothing(account: Account, rng: random.Random) -> Account:
    """Records taken back and stated anew as they were, by records of their own."""
    rows = list(account[bronze.USAGE])
    for row in account[bronze.USAGE]:
        if rng.random() < 0.5:
            again = row | {"record_id": row["record_id"] + "c"}
            rows += _correction(again, row["usage_quantity"])
    return {**account, bronze.USAGE: rows}


def altogether(account: Account, rng: random.Random) -> Account:
    for change in (with_slices_split, with_usage_split, with_corrections_that_correct_nothing):
        account = change(account, rng)
    return in_another_order(account, rng)


CHANGES: tuple[Change, ...] = (
    in_another_order,
    with_slices_split,
    with_usage_split,
    with_corrections_that_correct_nothing,
    altogether,
)
"""What may be done to an account: the answers stay the same."""


def delivered(
    account: Account, nights: int, rng: random.Random, *, again: float = 0.2
) -> list[Account]:
    """The account over several nights, each row in any of them, some of them once more later."""
    parts: list[Account] = [{table: [] for table in account} for _ in range(nights)]
    for table, rows in account.items():
        for row in rows:
            first = rng.randrange(nights)
            parts[first][table].append(row)
            if rng.random() < again:
                parts[rng.randrange(first, nights)][table].append(row)
    return [in_another_order(part, rng) for part in parts]


PRICES: list[dict[str, Any]] = [
    {
        "sku_name": sku,
        "cloud": "AWS",
        "usage_unit": "DBU",
        "currency_code": "USD",
        "price_start_time": at(day),
        "pricing": {"default": Decimal(price), "promotional": None, "effective_list": None},
    }
    for sku, day, price in (("JOBS", -400, "0.15"), ("JOBS", 3, "0.123456789"), ("SQL", -400, "7"))
]
"""What the usage of all accounts costs; one price changes while they run."""
