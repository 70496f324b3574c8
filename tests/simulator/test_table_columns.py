"""Columns of a simulated account's tables: each is what the truth's changes make of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from simulator import append_day, simulate
from tests.simulator.conftest import END, Account, config


def _columns(account: Account) -> dict[str, dict[str, tuple[str, str]]]:
    """Of each table that is listed its columns, with type and nullability."""
    listed: dict[str, dict[str, tuple[str, str]]] = {}
    for row in account.arrow("information_schema/columns").to_pylist():
        table = ".".join(row[f"table_{part}"] for part in ("catalog", "schema", "name"))
        described = (row["full_data_type"], row["is_nullable"])
        assert row["column_name"] not in listed.setdefault(table, {})
        listed[table][row["column_name"]] = described
    return listed


def _found(before: dict[str, Any], now: dict[str, Any]) -> set[tuple[str, str]]:
    """The columns of a table that differ, and how."""
    found = {(name, "column_added") for name in now.keys() - before.keys()}
    found |= {(name, "column_removed") for name in before.keys() - now.keys()}
    for name in now.keys() & before.keys():
        if now[name][0] != before[name][0]:
            found.add((name, "type_changed"))
        if now[name][1] != before[name][1]:
            found.add((name, "nullability_changed"))
    return found


def test_from_day_to_day_tables_change_as_the_truth_says(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    days = 14
    simulate(config(days=3, reserve_days=days), folder)
    account = Account(folder, END)
    before, kinds = _columns(account), set()
    ever, is_hostile = set(before), False
    for day in range(1, days + 1):
        append_day(folder)
        now = _columns(account)
        truth: pd.DataFrame = account.truth("schema_changes")
        is_new = truth["changed_at"] > END + timedelta(days=day - 1)
        assert (truth["changed_at"] <= END + timedelta(days=day)).all()
        told = truth[is_new].groupby("table_name")
        changes = {
            name: set(zip(of["column_name"], of["change"], strict=True)) for name, of in told
        }
        for table in before.keys() | now.keys():
            expected = changes.get(table, set())
            kinds |= {kind for _, kind in expected}
            if table not in now:
                assert expected == {("", "not_visible")}
            elif table in before:
                assert _found(before[table], now[table]) == expected
            else:
                assert table not in ever or expected == {("", "visible_again")}
        before = now
        ever |= now.keys()
        is_hostile |= any("<b>" in column for columns in now.values() for column in columns)
    assert kinds == {
        *("column_added", "column_removed", "type_changed", "nullability_changed"),
        *("not_visible", "visible_again"),
    }
    assert is_hostile


def test_only_tables_are_listed_that_lineage_says_jobs_write(account: Account) -> None:
    file = account.folder / "access" / "table_lineage"
    events = pq.read_table(file).to_pandas()
    written = events.loc[events["entity_type"] == "JOB", "target_table_full_name"].dropna()
    assert set(_columns(account)) <= set(written)
    assert len(_columns(account)) >= 2
