"""Small accounts, written once and read by every test of their laws."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.tables.source import SOURCE_TABLES
from pipeline.tables.types import arrow_schema
from simulator import SimulatorConfig, simulate
from simulator.quirks import ALL

# Not a full hour: the hour still open must stay invisible.
END = datetime(2026, 11, 20, 6, 25, tzinfo=UTC)
DAYS = 9
UNPUNCTUAL = frozenset({"latency", "late_rows", "delivered_twice", "out_of_order"})
TABLES = {table.system_name.removeprefix("system.").replace(".", "/"): table
          for table in SOURCE_TABLES}  # fmt: skip


@dataclass(frozen=True)
class Account:
    folder: Path
    end: datetime

    def files(self, name: str) -> list[Path]:
        return sorted((self.folder / name).glob("*.parquet"))

    def arrow(self, name: str) -> Any:
        """A table by its path under the folder, all its files in order of their days."""
        schema = arrow_schema(TABLES[name])
        files = [pq.read_table(file, partitioning=None) for file in self.files(name)]
        whole = pa.concat_tables(files, promote_options="default")
        return whole.select([n for n in schema.names if n in whole.column_names])

    def table(self, name: str) -> pd.DataFrame:
        """The rows as a reader keeps them: each once, in order of time."""
        rows = self.arrow(name).to_pandas(maps_as_pydicts="strict")
        rows = rows.drop_duplicates(list(TABLES[name].keys), ignore_index=True)
        order = [c for c in ("period_start_time", "change_time", "start_time") if c in rows]
        return rows.sort_values(order, kind="stable", ignore_index=True) if order else rows

    def truth(self, name: str) -> pd.DataFrame:
        return pq.read_table(self.folder / "truth" / f"{name}.parquet").to_pandas()


def config(**changes: Any) -> SimulatorConfig:
    """The small account of these tests, with some settings changed."""
    settings = {"end": END, "jobs": 150, "days": DAYS, "seed": 11, "edits_per_job": 6,
                "correction_share": 0.02}  # fmt: skip
    return SimulatorConfig(**(settings | changes))


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Every quirk but those of arrival: what is told, is told once and at once."""
    folder = tmp_path_factory.mktemp("simulator") / "account"
    simulate(config(quirks=ALL - UNPUNCTUAL), folder)
    return Account(folder, END)


@pytest.fixture(scope="session")
def unpunctual(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Every quirk there is."""
    folder = tmp_path_factory.mktemp("simulator") / "unpunctual"
    simulate(config(), folder)
    return Account(folder, END)
