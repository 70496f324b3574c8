"""A merge reads the days that it touches, however many the table has: by the engine's own count of files."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.lakehouse.catalog.tables import DeltaCatalog
from pipeline.tables.declaration import Table
from tests.lakehouse.examples import EMPTY, THINGS, things
from tools.workspace.event_log import Scan, event_log, keeping
from tools.workspace.server import CATALOG, Workspace, serving

DATED = replace(THINGS, name="dated_things", keys=("day", "id"))
_LOG_IS_WRITTEN_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of its own: the event log of whole nights would be many times as large as their tables."""
    folder = tmp_path_factory.mktemp("logged")
    with serving(folder, settings=keeping(folder / "events")) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def client(logged: Workspace) -> Iterator[SparkSession]:
    session = SparkSession.builder.remote(logged.remote).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    DeltaCatalog(CATALOG, session).clear_staging()
    yield session
    session.stop()


@pytest.mark.parametrize(("table", "days"), [(THINGS, 60), (THINGS, 120), (DATED, 120)])
def test_files_read_are_those_of_the_days_touched(
    logged: Workspace, client: SparkSession, table: Table, days: int
) -> None:
    """One row of each day, in a file of its own: one row changes, one is new, one moves to another day."""
    rows = [_row(day) for day in range(days)]
    moved_from, changed, moved_to = days - 7, days - 4, days - 2
    arriving = [
        _row(changed) | {"count": -1},
        _row(changed) | {"id": "new"},
        _row(moved_from) | {"day": _day(moved_to)},
    ]
    DeltaCatalog(CATALOG, client).create(table)
    name = f"{CATALOG}.{table.full_name}"
    client.sql(f"DELETE FROM {name}")
    filed = things(client, *rows).repartitionByRange(days, "day")
    filed.write.mode("append").insertInto(name)
    catalog = DeltaCatalog(CATALOG, client)
    scope = things(client, *arriving, rows[moved_from]).select(*table.keys)

    catalog.merge(table, things(client, *arriving), scope=scope, since=_day(moved_from))

    expected = {row["id"]: row for row in (*rows, *arriving)}
    stored = catalog.read(table).orderBy("id").toArrow().to_pylist()
    by_id = things(client, *expected.values()).orderBy("id").toArrow().to_pylist()
    assert stored == by_id
    compared, merged = _scans(logged, name)
    assert sum(scan.files for scan in merged) <= 5  # Three are looked through, two of them changed.
    if table.partition_by in table.keys:  # Else the key may stand on any day.
        assert max(scan.files for scan in compared) <= days - moved_from


def _day(number: int) -> date:
    return date(2026, 1, 1) + timedelta(number)


def _row(day: int) -> dict[str, Any]:
    return {**EMPTY, "id": f"of day {day:03}", "day": _day(day), "count": day}


def _scans(workspace: Workspace, name: str) -> tuple[list[Scan], list[Scan]]:
    """Of the latest merge into a table, its scans where it computes what differs, and where it merges."""
    deadline = time.monotonic() + _LOG_IS_WRITTEN_WITHIN_SECONDS
    while time.monotonic() < deadline:
        requests = event_log(workspace.folder / "events").requests
        writes = [
            request
            for request in requests
            if request.text.startswith(("CREATE TABLE", "MERGE INTO"))
            and any(scan.table == name for scan in request.scans)
        ]
        if len(writes) > 1 and writes[-1].is_finished and writes[-1].text.startswith("MERGE"):
            compared, merged = (
                [scan for scan in request.scans if scan.table == name] for request in writes[-2:]
            )
            return compared, merged
        time.sleep(0.2)
    raise TimeoutError(f"the event log has no merge into {name}")
