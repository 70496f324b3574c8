"""Every stage over the self-test's account, and its tables beside those that the embedded engine made."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from pyspark.sql import DataFrame, SparkSession

from pipeline.lakehouse.protocol import Lakehouse
from pipeline.nightly.night import run_night, stages_of
from pipeline.selftest.fingerprint import Fingerprint
from pipeline.selftest.scratch import Scratch
from pipeline.settings import Settings
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer, Table
from pipeline.tables.gold import NIGHT_TABLES
from pipeline.tables.source import SOURCE_TABLES

JOBS, DAYS, SEED = 12, 14, 7
ENDS_AT = datetime(2026, 1, 26, tzinfo=UTC)
"""The account that every self-test simulates."""
_NOW = datetime(2026, 1, 27, tzinfo=UTC)
EXPECTED = "expected.json"
COMPARED = tuple(
    table for table in TABLES if table.layer is not Layer.OPS and table not in NIGHT_TABLES
)
"""All but those that tell when nights ran."""

_SAYING = {table.name: table.only_where for table in SOURCE_TABLES if table.only_where}
Progress = Callable[[str, int, int], None]
"""Told what is about to be done, its number and of how many."""


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """One table beside the expected one."""

    table: str
    rows: int
    rows_expected: int
    differing: tuple[str, ...]
    """Columns with other values than expected."""

    @property
    def is_as_expected(self) -> bool:
        return not self.differing and self.rows == self.rows_expected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a self-test has found, and the seconds that each stage took."""

    tables: tuple[TableVerdict, ...]
    seconds: Mapping[str, float]

    @property
    def is_as_expected(self) -> bool:
        return all(verdict.is_as_expected for verdict in self.tables)

    @property
    def sentence(self) -> str:
        wrong = [verdict.table for verdict in self.tables if not verdict.is_as_expected]
        if not wrong:
            return (
                f"This engine computes what it should: all {len(self.tables)} tables are as the embedded"
                " engine made them."
            )
        return (
            f"{len(wrong)} of {len(self.tables)} tables are not as the embedded engine made them,"
            f" {wrong[0]} first: what comes after it follows from it."
        )


def run_stages(
    spark: SparkSession, scratch: Scratch, progress: Progress = lambda _name, _number, _total: None
) -> dict[str, float]:
    """Run each stage as a task of its own; the seconds that each took."""
    # Whatever a user has set: the answers that are known are those of the defaults.
    settings = Settings.model_construct()
    seconds = {}
    stages = stages_of()
    for number, stage in enumerate(stages, start=1):
        progress(stage, number, len(stages) + 1)
        began = time.perf_counter()
        run_night(
            spark,
            scratch.lakehouse,
            scratch.source,
            settings,
            now=_NOW,
            name="selftest",
            only=stage,
        )
        seconds[stage] = time.perf_counter() - began
    progress("comparing", len(stages) + 1, len(stages) + 1)
    return seconds


def fingerprints(lakehouse: Lakehouse) -> dict[str, Fingerprint]:
    """Of each table that is compared, by its name."""
    return {
        table.full_name: Fingerprint.of(table, _rows(lakehouse, table).toArrow())
        for table in COMPARED
    }


def _rows(lakehouse: Lakehouse, table: Table) -> DataFrame:
    """All of them, but of a source that has rows which say nothing to us: files deliver those as well."""
    rows = lakehouse.read(table)
    condition = _SAYING.get(table.name) if table.layer is Layer.BRONZE else None
    return rows.where(condition) if condition else rows


def compared(lakehouse: Lakehouse, seconds: Mapping[str, float]) -> Outcome:
    """The tables beside those that are expected."""
    expected = _expected()
    actual = fingerprints(lakehouse)
    return Outcome(
        tuple(_verdict(table, actual[table.full_name], expected) for table in COMPARED), seconds
    )


def _verdict(
    table: Table, actual: Fingerprint, expected: Mapping[str, Fingerprint]
) -> TableVerdict:
    fingerprint = expected[table.full_name]
    differing = actual.differing(fingerprint)
    return TableVerdict(table.full_name, actual.rows, fingerprint.rows, differing)


def _expected() -> dict[str, Fingerprint]:
    """What `python -m tools.selftest` has written."""
    text = files("pipeline.selftest").joinpath(EXPECTED).read_text(encoding="utf-8")
    return {table: Fingerprint.read(stored) for table, stored in json.loads(text)["tables"].items()}
