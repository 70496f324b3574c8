"""One small account, written once and read by every test of its laws."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sources.simulator import SimulatorConfig, simulate

# Not a full hour: the hour still open must stay invisible.
END = datetime(2026, 11, 20, 6, 25, tzinfo=UTC)


@dataclass(frozen=True)
class Account:
    folder: Path
    end: datetime

    def arrow(self, name: str) -> Any:
        """A table by its path under the folder, all its files in order of their days."""
        files = sorted((self.folder / name).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file, partitioning=None) for file in files])

    def table(self, name: str) -> pd.DataFrame:
        return self.arrow(name).to_pandas(maps_as_pydicts="strict")

    def truth(self, name: str) -> pd.DataFrame:
        return pq.read_table(self.folder / "truth" / f"{name}.parquet").to_pandas()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    folder = tmp_path_factory.mktemp("simulator") / "account"
    simulate(SimulatorConfig(end=END, jobs=150, days=9, seed=11, edits_per_job=2), folder)
    return Account(folder, END)
