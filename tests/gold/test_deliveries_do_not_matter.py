"""Whatever night a row comes in, and how often: the tables are those of one night over all of it.

Slices out of order, corrections before what they correct, definitions after the runs they judge,
rows delivered twice: through ingestion and the real graph, as far as facts of jobs and costs go.
"""

import random
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipeline.graph.graph import GRAPH, Graph
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.settings import Settings
from pipeline.sources.protocol import Batch, Delivery, Presence
from pipeline.tables import bronze, gold, silver
from pipeline.tables.declaration import SourceTable
from tests.night.homes import assert_same_home
from tests.parity.fixture import NOW
from tests.strategies.accounts import (
    PRICES,
    Account,
    accounts,
    altogether,
    delivered,
    in_workspace,
    together,
)
from tests.strategies.tables import frame_of

_ACCOUNTS, _NIGHTS = 25, 3
_FACTS = (
    silver.JOB_VERSIONS,
    silver.ATTEMPTS,
    silver.RUNS,
    silver.TASK_RUNS,
    silver.PRICES,
    silver.USAGE_COSTS,
    silver.RUN_COSTS,
    silver.RUN_SLA,
    gold.JOB_DAILY,
    gold.SLA_DAILY,
    gold.COST_DAILY,
    gold.RUN_HISTORY,
    gold.TASK_DAILY,
    gold.FAILURES_DAILY,
)
_GRAPH = Graph(tuple(step for step in GRAPH.steps if step.writes in _FACTS))
_NUMBERS = count()


class _Drawn(list[Account]):
    """Accounts that do not spell themselves: what went wrong would drown in 600,000 characters."""

    def __repr__(self) -> str:
        return f"<{len(self)} accounts>"


class _Deliveries:
    """Hands out what arrived for a night, once."""

    name = "memory"

    def __init__(self, spark: SparkSession, number: int, account: Account) -> None:
        self._spark = spark
        self._number = str(number)
        self._rows = {table.name: rows for table, rows in account.items()}
        self._rows[bronze.LIST_PRICES.name] = PRICES

    def inspect(self, table: SourceTable) -> Presence:
        return Presence(table, found=table.name in self._rows)

    def notices(self) -> tuple[str, ...]:
        return ()

    def read(self, table: SourceTable, after: str | None) -> Delivery | None:
        rows = self._rows.get(table.name)
        if not rows or after == self._number:
            return None
        part = frame_of(self._spark, bronze.BRONZE_OF[table.name], rows)
        return Delivery((Batch((part,), len(rows), is_lasting=True),), self._number)


def _home(spark: SparkSession, folder: Path, nights: list[Account]) -> Path:
    home = folder / f"home{next(_NUMBERS)}"
    for number, account in enumerate(nights):
        source = _Deliveries(spark, number, account)
        run_night(spark, DeltaFolder(home, spark), source, Settings(), now=NOW, graph=_GRAPH)
    return home


# The first example is the least there is. One that fails prints what `reproduce_failure` takes.
@settings(max_examples=2, print_blob=True)
@given(
    st.lists(accounts(), min_size=_ACCOUNTS, max_size=_ACCOUNTS).map(_Drawn), st.integers(0, 10**6)
)
def test_the_night_a_row_comes_in_does_not_matter(
    spark: SparkSession, tmp_path: Path, drawn: _Drawn, seed: int
) -> None:
    rng = random.Random(seed)
    whole = together([in_workspace(altogether(a, rng), str(n)) for n, a in enumerate(drawn)])
    at_once = _home(spark, tmp_path, [whole])
    apart = _home(spark, tmp_path, delivered(whole, _NIGHTS, rng))
    assert_same_home(spark, apart, at_once, _FACTS)
