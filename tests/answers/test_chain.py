"""What is said of a chain: a tree that ends, sentences that follow from its rows, and what is not known."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from pipeline.answers.chains.chain import Chain, chain
from pipeline.answers.for_scripts import as_json
from pipeline.answers.terminal.chain import chain_lines
from pipeline.errors import UserError
from pipeline.tables import gold
from pipeline.tables.declaration import Table
from tests.answers.homes import reader_of
from tests.strategies.tables import Row, at

_HOSTILE = "it\x1b[31m's <b>\n\u202e`x`"
_LINEAGE = {"source_table": "system.access.table_lineage", "received_at": at(0), "gap": "within"}


def _job(key: str, **columns: Any) -> Row:
    return {"workspace_id": "w", "series_key": key, "name": f"job {key[2:]}"} | columns


def _edge(before: str, after: str, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "series_key": after,
        "upstream_series_key": before,
        "kind": "fires",
        "runs": 9,
        "ready_seconds": 600.0,
        "wait_seconds": 5.0,
        "is_current": True,
    } | columns


def _place(key: str, **columns: Any) -> Row:
    return {
        "workspace_id": "w",
        "series_key": key,
        "status": "not_assessed",
        "reason": "no run of the next 7 days has a deadline that depends on it",
    } | columns


def _chain(
    home: Path,
    key: str,
    edges: list[Row],
    place: Row,
    lineage: bool = True,
    about_tables: Mapping[Table, list[Row]] = MappingProxyType({}),
    **names: str,
) -> Chain:
    keys = sorted(
        {key, *(e["series_key"] for e in edges), *(e["upstream_series_key"] for e in edges)}
    )
    jobs = [_job(one, **({"name": names[one[2:]]} if one[2:] in names else {})) for one in keys]
    rows = {
        gold.JOBS: jobs,
        gold.JOB_DEPENDENCIES: edges,
        gold.JOB_CHAINS: [_place(key) | place],
        gold.SOURCE_FRESHNESS: [_LINEAGE] if lineage else [],
    }
    return chain(reader_of(home, rows | dict(about_tables)), key)


def _text(about: Chain, width: int | None = None, most: int = 30) -> list[str]:
    return [line.plain for line in chain_lines(about, width, most=most)]


def test_a_tree_each_way_with_the_critical_path_marked(tmp_path: Path) -> None:
    edges = [
        _edge("w/a", "w/b"),
        _edge("w/z", "w/b", kind="feeds", table_name="main.a.t", wait_seconds=-3000.0),
        _edge("w/b", "w/c", kind="feeds", table_name=f"main.a.{_HOSTILE}", runs=1),
        _edge("w/b", "w/c", kind="feeds", table_name="main.a.u", wait_seconds=60.0),
        _edge("w/c", "w/d"),
        _edge("w/b", "w/d"),
        _edge("w/b", "w/gone", is_current=False),
    ]
    place = {
        "upstream_jobs": 2,
        "downstream_jobs": 2,
        "downstream_slas": 1,
        "downstream_owners": 1,
        "status": "ok",
        "reason": "",
        "expected_start_at": at(0, 1),
        "expected_end_at": at(0, 2),
        "latest_start_at": at(0, 2, 30),
        "latest_end_at": at(0, 3, 30),
        "slack_seconds": 5400.0,
        "deadline_series_key": "w/d",
        "deadline_at": at(0, 6),
        "critical_path": ["w/a", "w/b", "w/c", "w/d"],
    }
    about = _chain(tmp_path, "w/b", edges, place, c=_HOSTILE)
    lines = _text(about)
    assert lines == [
        "job b (w/b): 2 jobs before it, 2 jobs after it.",
        "A failure here would reach 2 jobs, 1 of them with an SLA, of 1 owner that is known.",
        *lines[2:4],
        *lines[4:6],
        "",
        "Before it",
        "* job a (w/a): by a Run Job task, ready 10m00s after its start, then 5s of wait, 9 runs",
        "- job z (w/z): by table main.a.t, ready 10m00s after its start, 50m00s after the later one has"
        " begun, 9 runs",
        "",
        "After it",
        "* it [31m's <b> `x` (w/c): by table main.a.it [31m's <b> `x` and 1 more, ready 10m00s after its"
        " start, then 5s of wait, 1 run",
        "  * job d (w/d): by a Run Job task, ready 10m00s after its start, then 5s of wait, 9 runs",
        "- job d (w/d): by a Run Job task, ready 10m00s after its start, then 5s of wait, 9 runs; see above",
        "",
        "* on the critical path",
    ]
    said = " ".join(lines[2:6])
    assert said.startswith(
        "It must start by 2026-03-23 02:30 UTC and be done by 2026-03-23 03:30 UTC so that job d (w/d) keeps"
        " its deadline of 2026-03-23 06:00 UTC; that is 1h30m after its expected start at 2026-03-23 01:00 UTC."
    )
    assert "Critical path: job a (w/a) -> job b (w/b) -> it [31m's" in said
    assert all(len(line) <= 60 for line in _text(about, 60))
    assert "Before it, 1 of 2; all: --limit 2" in _text(about, most=1)
    told = about.for_scripts()
    assert told["has_table_lineage"] is True
    assert [(one["depth"], one["series_key"], one["is_repeated"]) for one in told["after"]] == [
        (1, "w/c", False),
        (2, "w/d", False),
        (1, "w/d", True),
    ]
    assert "main.a.u" in as_json(told)


def test_changes_of_the_tables_next_to_a_job_and_what_is_not_known_of_them(tmp_path: Path) -> None:
    ours, theirs, far = f"main.a.{_HOSTILE}", "main.a.in", "main.a.far"
    edges = [
        _edge("w/a", "w/b", kind="feeds", table_name=theirs),
        _edge("w/b", "w/c", kind="feeds", table_name=ours),
        _edge("w/b", "w/c", kind="feeds", table_name="main.a.new"),
        _edge("w/c", "w/d", kind="feeds", table_name=far),
    ]
    first = "no night before this one has seen its columns"
    changed = [
        {"change": "column_removed", "column_name": _HOSTILE, "old_type": "int", "table_name": ours}
        | {"readers": ["w/c"], "reader_jobs": 1},
        {"change": "type_changed", "old_type": "int", "new_type": "bigint", "table_name": theirs}
        | {"column_name": "id"},
        {"change": "column_added", "column_name": "n", "new_type": "date", "table_name": theirs},
        {"change": "nullability_changed", "column_name": "n", "is_nullable": False}
        | {"table_name": theirs},
        {"change": "not_visible", "column_name": "", "table_name": far},
        {"change": "not_visible", "column_name": "", "table_name": theirs},
        {"change": "visible_again", "column_name": "", "table_name": theirs},
    ]
    rows: dict[Table, list[Row]] = {
        gold.TABLE_SCHEMAS: [
            {"table_name": ours, "status": "ok"},
            {"table_name": theirs, "status": "not_assessed", "reason": first},
            {"table_name": "main.a.new", "status": "not_assessed", "reason": first},
            {"table_name": far, "status": "not_assessed", "reason": "far"},
        ],
        gold.TABLE_SCHEMA_CHANGES: [
            row | {"night_at": at(day)} for day, row in enumerate(changed, start=1)
        ],
    }
    about = _chain(tmp_path, "w/b", edges, {}, True, rows)
    lines = _text(about)
    unknown = f"How the columns of 2 tables around it change is not known: {first}."
    assert unknown in " ".join(lines)
    seen = lines[lines.index("Changes of its tables") + 1 :]
    assert seen == [
        "- main.a.in: listed again, seen by the night of 2026-03-30 00:00 UTC",
        "- main.a.in: gone, or no longer listed to whoever reads, seen by the night of 2026-03-29 00:00 UTC",
        "- main.a.in: column n must not be NULL now, seen by the night of 2026-03-27 00:00 UTC",
        "- main.a.in: column n added as date, seen by the night of 2026-03-26 00:00 UTC",
        "- main.a.in: column id is bigint, which was int, seen by the night of 2026-03-25 00:00 UTC",
        "- main.a.it [31m's <b> `x`: column it [31m's <b> `x` removed, which was int, seen by the night of"
        " 2026-03-24 00:00 UTC; 1 job reads it",
    ]
    assert "Changes of its tables, 2 of 6; all: --limit 6" in _text(about, most=2)
    told = about.for_scripts()
    assert [table["table_name"] for table in told["tables"]] == ["main.a.in", ours, "main.a.new"]
    assert len(told["schema_changes"]) == 6


def test_a_cycle_ends_and_is_said(tmp_path: Path) -> None:
    edges = [_edge("w/a", "w/b"), _edge("w/b", "w/a"), _edge("w/a", "w/a")]
    place = {"cycle": ["w/a", "w/b"], "upstream_jobs": 1, "downstream_jobs": 1}
    lines = _text(_chain(tmp_path, "w/a", edges, place))
    assert "It is in a cycle: w/a, w/b come before and after each other." in lines
    assert [line for line in lines if line.startswith("-")] != []
    assert len(lines) < 20


@pytest.mark.parametrize("lineage", [True, False])
def test_a_job_alone_and_what_is_not_known(tmp_path: Path, lineage: bool) -> None:
    reason = "no job is known to come before or after it"
    lines = _text(_chain(tmp_path, "w/a", [], {"reason": reason}, lineage))
    assert lines[:3] == [
        "job a (w/a): no jobs before it, no jobs after it.",
        "A failure here would reach no other job that is known.",
        f"By when it must be done is not known: {reason}.",
    ]
    is_said = "No table lineage was exported (system.access.table_lineage)" in " ".join(lines)
    assert is_said is not lineage


def test_a_chain_longer_than_a_stack_is_deep(tmp_path: Path) -> None:
    keys = [f"w/{number:05d}" for number in range(3_000)]
    edges = [_edge(before, after) for before, after in pairwise(keys)]
    about = _chain(tmp_path, keys[0], edges, {})
    assert len(about.after) == 2_999
    assert about.after[-1].depth == 2_999


def test_a_night_that_did_not_come_so_far_is_said(tmp_path: Path) -> None:
    reader = reader_of(tmp_path, {gold.JOBS: [_job("w/a")]})
    with pytest.raises(UserError, match="did not come as far as the chain of w/a"):
        chain(reader, "w/a")
