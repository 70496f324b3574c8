"""Nights over parts of the fixture, and homes compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.nightly.outcome import Night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from pipeline.steps.kinds import Continued
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.gold import NIGHT_TABLES, RECEIPTS, TABLE_SCHEMA_CHANGES, TABLE_SCHEMAS
from tests.parity.comparing import compared_columns, differences, shown
from tests.parity.fixture import NOW


@dataclass(frozen=True)
class Made:
    """A home and the export it was made from."""

    home: Path
    export: Path


_OF_NIGHTS = (*NIGHT_TABLES, RECEIPTS, TABLE_SCHEMAS, TABLE_SCHEMA_CHANGES)
KEPT = tuple(table for table in TABLES if table.layer is not Layer.OPS and table not in _OF_NIGHTS)
"""What a night promises; the others also remember when nights ran, what each said, and what each saw of columns."""
WRITTEN = tuple(step.writes for step in GRAPH.steps)
_REMEMBERED = {step.writes: step.remembers for step in GRAPH.steps if isinstance(step, Continued)}
"""Columns that only earlier nights can tell: homes made in other nights differ there."""


def night(
    spark: SparkSession,
    home: Path,
    export: Path,
    *,
    number: int = 0,
    as_of: datetime | None = None,
    name: str | None = None,
    only: str | None = None,
    start: str | None = None,
    graph: Graph = GRAPH,
) -> Night:
    lakehouse = DeltaFolder(home, spark)
    return run_night(
        spark,
        lakehouse,
        ExportFolder(export, spark),
        Settings(),
        now=NOW + timedelta(minutes=number),
        as_of=as_of,
        name=name,
        only=only,
        first_stage=start,
        graph=graph,
    )


def versions(home: Path) -> dict[str, int]:
    return {
        table.full_name: DeltaTable(str(home / table.layer.schema / table.name)).version()
        for table in TABLES
    }


def rebuilt_columns(table: Table) -> list[str]:
    """The columns that any nights over the same rows end with the same values in."""
    remembered = _REMEMBERED.get(table, ())
    return [name for name in compared_columns(table) if name not in remembered]


def assert_same_home(
    spark: SparkSession, left: Path, right: Path, tables: Sequence[Table] = KEPT
) -> None:
    """Every table holds the same rows, audit columns aside, and floats to their last bit."""
    for table in tables:
        rows = [
            DeltaFolder(home, spark).read(table).toArrow().to_pylist() for home in (left, right)
        ]
        columns = rebuilt_columns(table)
        problems = differences(*rows, keys=table.keys, columns=columns, relative=0.0)
        assert not problems, f"{table.full_name}: {shown(problems)}"
