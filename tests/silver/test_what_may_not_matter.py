"""Order, slicing, splitting and corrections that correct nothing change no table of silver and gold."""

import random
from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.expressions.run_names import DEFAULT_RUN_NAMES, RUN_NAME_RULES
from pipeline.gold.costs import cost_daily
from pipeline.gold.runs import job_daily, sla_daily
from pipeline.silver.costs import prices, run_costs, usage_costs
from pipeline.silver.jobs import job_versions
from pipeline.silver.runs import attempts, runs, task_runs
from pipeline.silver.sla import run_sla
from pipeline.tables import bronze, gold, silver
from pipeline.tables.declaration import Table
from tests.parity.comparing import compared_columns, differences, shown
from tests.strategies.accounts import CHANGES, PRICES, Account, accounts, in_workspace, together
from tests.strategies.tables import Row, at, frame_of, rows_of

_AS_OF = at(6, 12)
_ACCOUNTS, _SEEDS = 10, 2
_DELIVERY = ("slices", "records")
"""How many parts a thing came in, which is how it was delivered and not what it is."""
_NAMES_WORKSPACE = ("workspace_id", "series_key", "usage_key")
_PAYER = ("usage_date", "run_id", "sku_name", "tag_team")


def _tables(spark: SparkSession, account: Account) -> dict[Table, list[Row]]:
    """Each table made from the rows of the one before as they stand in a night: written down."""
    output: dict[Table, list[Row]] = {}

    def frame(table: Table) -> DataFrame:
        return frame_of(spark, table, output.get(table, account.get(table, [])))

    def make(table: Table, rows: DataFrame) -> None:
        output[table] = rows_of(rows)

    priced = prices(frame_of(spark, bronze.LIST_PRICES, PRICES))
    make(silver.JOB_VERSIONS, job_versions(frame(bronze.JOBS)))
    make(silver.TASK_RUNS, task_runs(frame(bronze.JOB_TASK_RUN_TIMELINE)))
    make(
        silver.ATTEMPTS,
        attempts(
            frame(bronze.JOB_RUN_TIMELINE),
            frame(silver.TASK_RUNS),
            run_name_rules=RUN_NAME_RULES,
            default_run_names=DEFAULT_RUN_NAMES,
        ),
    )
    make(silver.RUNS, runs(frame(silver.ATTEMPTS)))
    make(
        silver.USAGE_COSTS,
        usage_costs(
            frame(bronze.USAGE),
            priced,
            frame(silver.TASK_UPDATES),
            frame(silver.PIPELINE_VERSIONS),
            currency_code="USD",
        ),
    )
    make(silver.RUN_COSTS, run_costs(frame(silver.USAGE_COSTS)))
    make(
        silver.RUN_SLA,
        run_sla(
            frame(silver.RUNS),
            frame(silver.JOB_VERSIONS),
            frame(silver.SLA_DECISIONS),
            as_of=_AS_OF,
        ),
    )
    make(gold.JOB_DAILY, job_daily(frame(silver.RUNS)))
    make(gold.SLA_DAILY, sla_daily(frame(silver.RUN_SLA)))
    make(gold.COST_DAILY, cost_daily(frame(silver.USAGE_COSTS), frame(silver.JOB_VERSIONS)))
    return output


def _by_workspace(rows: list[Row]) -> dict[str, list[Row]]:
    by_workspace: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_workspace[row["workspace_id"]].append(row)
    return by_workspace


def _has_the_sign_of_its_verdict(row: Row) -> bool:
    """In time has time to spare; late has none, and without a success it is not known how little."""
    margin, verdict = row["margin_seconds"], row["sla_status"]
    if verdict == "MET":
        return bool(margin >= 0.0)
    return margin is None or (verdict == "MISSED" and margin < 0.0)


@settings(max_examples=4)
@given(st.lists(accounts(), min_size=_ACCOUNTS, max_size=_ACCOUNTS), st.integers(0, 10**6))
def test_what_may_not_matter(spark: SparkSession, drawn: list[Account], seed: int) -> None:
    cases: dict[str, tuple[str, Any]] = {}
    variants: list[Account] = []
    for number, account in enumerate(drawn):
        variants.append(in_workspace(account, str(number)))
        for change in CHANGES:
            for again in range(_SEEDS):
                workspace = f"{number} {change.__name__} {again}"
                cases[workspace] = (str(number), account)
                changed = change(account, random.Random(f"{seed} {workspace}"))
                variants.append(in_workspace(changed, workspace))
    for table, rows in _tables(spark, together(variants)).items():
        assert {row["workspace_id"] for row in rows} <= {*cases, *map(str, range(_ACCOUNTS))}
        names = set(compared_columns(table)) - {*_DELIVERY, *_NAMES_WORKSPACE}
        keys = _PAYER if table is silver.USAGE_COSTS else sorted(names & set(table.keys))
        of = _by_workspace(rows)
        for workspace, (as_drawn, account) in cases.items():
            if table is silver.RUN_SLA:
                assert all(_has_the_sign_of_its_verdict(row) for row in of[workspace])
            problems = differences(
                of[as_drawn], of[workspace], keys=keys, columns=sorted(names), relative=0.0
            )
            assert not problems, f"{table.full_name}, {workspace}: {shown(problems)}\n{account}"
