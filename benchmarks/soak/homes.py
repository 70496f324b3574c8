"""Two homes, or two moments of one, compared: every table, and the files beside them.

Left out is what differs from night to night: audit columns, versions of tables, ids and seconds of
nights. All else must be the same to the last bit.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from mlflow import MlflowClient

from pipeline.lakehouse.folder.staging import staging_folder
from pipeline.tables import gold, ops
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Part, Table
from tests.night.homes import rebuilt_columns
from tests.parity.comparing import compared_columns, differences, shown

_MEMORY = "1GB"
_COMPARED_PARTS = {
    # A night run in two parts counts its rows in two parts, and a killed one records nothing.
    gold.NIGHT_STEPS: "DISTINCT step, table_name, stage, as_of",
    gold.NIGHT_ASSESSMENTS: "DISTINCT as_of, question, status, reason, jobs",
    gold.SOURCE_FRESHNESS: "source_table, newest_observed_at, gap",
    ops.POSITIONS: "reader, input, CASE WHEN contains(input, '.') THEN '' ELSE position END AS position",
}
"""The part of these tables that does not depend on when, or how often, a night ran."""


def delta(home: Path, table: Table, version: int | None = None) -> DeltaTable:
    return DeltaTable(str(home / table.layer.schema / table.name), version=version)


def log_of(home: Path, table: Table, version: int) -> Path:
    """The file that commits a version of the table."""
    return home / table.layer.schema / table.name / "_delta_log" / f"{version:020}.json"


def versions(home: Path) -> dict[Table, int]:
    """The version of each table that exists."""
    existing = [table for table in TABLES if log_of(home, table, 0).exists()]
    return {table: delta(home, table).version() for table in existing}


def _unequal(columns: str, left: DeltaTable, right: DeltaTable) -> list[pa.Table]:
    """The rows that only `left` has, and those that only `right` has."""
    with duckdb.connect(config={"memory_limit": _MEMORY, "threads": "1"}) as database:
        database.execute("SET TimeZone = 'UTC'")
        for name, side in (("a", left), ("b", right)):
            # Its files, not an Arrow dataset: two threads that stream datasets wait for each other.
            if files := side.file_uris():
                options = "union_by_name = true, hive_partitioning = true"
                database.execute(
                    f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files!r}, {options})"
                )
            else:
                database.register(name, side.to_pyarrow_table())
        return [
            database.sql(
                f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}"
            ).to_arrow_table()
            for one, other in (("a", "b"), ("b", "a"))
        ]


def changed_rows(home: Path, table: Table, before: int, after: int) -> int:
    """How many keys of `table` have another row, or one more or less, at version `after`."""
    columns = ", ".join(f'"{name}"' for name in compared_columns(table))
    sides = _unequal(columns, delta(home, table, before), delta(home, table, after))
    keys = pa.concat_tables([side.select(list(table.keys)) for side in sides])
    return int(keys.group_by(list(table.keys)).aggregate([]).num_rows)


def differing(home: Path, undisturbed: Path, tables: Iterable[Table] = TABLES) -> list[str]:
    """How the tables of two homes differ, in sentences."""
    sentences = []
    for table in tables:
        names = rebuilt_columns(table)
        columns = _COMPARED_PARTS.get(table, ", ".join(f'"{name}"' for name in names))
        sides = _unequal(columns, delta(home, table), delta(undisturbed, table))
        if table in _COMPARED_PARTS:
            unequal = [
                f"{side}: {row}"
                for side, rows in zip(("left", "right"), sides, strict=True)
                for row in rows.to_pylist()
            ]
        else:
            rows = [side.to_pylist() for side in sides]
            unequal = differences(*rows, keys=table.keys, columns=names, relative=0.0)
        if unequal:
            sentences.append(f"{table.full_name}: {shown(unequal)}")
    return sentences


def leftovers(home: Path) -> list[str]:
    """What a night must not leave behind when it has ended: staged rows, the name of a lock's holder."""
    staged = [path for part in Part for path in staging_folder(home, part).rglob("*")]
    holders = home.glob(".lock*.json")
    return [f"{path.relative_to(home)} was left behind" for path in (*staged, *holders)]


def models(home: Path) -> dict[str, list[str]]:
    """The registered models and the names that point at a version of each."""
    if not (home / "mlflow.db").exists():
        return {}
    client = MlflowClient(f"sqlite:///{home.absolute() / 'mlflow.db'}")
    return {model.name: sorted(model.aliases) for model in client.search_registered_models()}
