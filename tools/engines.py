"""docs/engines.md: which statement, step and command has run on which engine, from what the tests wrote down."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.graph.graph import GRAPH
from pipeline.lakehouse.catalog import lease, statements
from tools.markdown import MADE, page_of, rows_of_table

RECORD = Path("tests/delta/ran.json")
"""What `make test-delta` has seen run; written by `tests/delta/evidence.py`."""
STATEMENT_MODULES: tuple[ModuleType, ...] = (statements, lease)
"""Where the SQL for a catalog is made, a function a statement or a part of one."""

REFUSED_BY_APACHE_SPARK = {
    "require": "Apache Spark makes no column required that was not; Databricks does, by its documents"
}
"""What only a workspace can carry out, and why."""


def statement_functions() -> dict[str, Callable[..., str]]:
    """By name, the functions that make a statement, or a part of one."""
    return {
        name: function
        for module in STATEMENT_MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(function, eval_str=True).return_annotation is str
    }


def record() -> dict[str, Any]:
    """What has run on Apache Spark with Delta Lake: its engine, statements, steps and commands."""
    ran: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return ran


def engines_page(_: str) -> str:
    """docs/engines.md."""
    ran = record()

    def on_delta(kind: str, name: str) -> str:
        return "yes" if name in ran[kind] else "**no**"

    parts = [
        "# Engines",
        "",
        MADE.format(where=f"`src/pipeline` and of `{RECORD}`, which `make test-nights` writes"),
        "",
        "What has run where, and how to see it again. Nothing here has run on Databricks itself.",
        "",
        *rows_of_table(
            ("engine", "what it is", "seen by"),
            (
                ("Sail", "`embedded`: the tables of a home, written by delta-rs", "`make test`"),
                (
                    "Apache Spark",
                    "`spark`, on one machine and without Delta's jars",
                    "`pytest tests/parity tests/catalog`",
                ),
                (
                    "Spark Connect with Delta Lake",
                    f"what the engine `databricks` sends, carried out by a stand-in: {ran['engine']}",
                    "`make test-delta`, `make soak-delta`",
                ),
            ),
        ),
        "## Steps",
        "",
        "`tests/parity` runs every step of the graph on Sail and on Apache Spark and compares rows;"
        " `tests/delta/test_nights.py` runs nights and compares their tables with Sail's, row by row.",
        "",
        *rows_of_table(
            ("step", "writes", "Sail", "Apache Spark", "Spark Connect with Delta Lake"),
            [("`ingest`", "bronze", "yes", "yes", on_delta("steps", "ingest"))]
            + [
                (
                    f"`{step.name}`",
                    f"`{step.writes.full_name}`",
                    "yes",
                    "yes",
                    on_delta("steps", step.name),
                )
                for step in GRAPH.steps
            ],
        ),
        "## Statements",
        "",
        "The SQL for Unity Catalog. Apache Spark's parser reads all of it but DESCRIBE HISTORY, OPTIMIZE and"
        " VACUUM, which are Delta's own, and the query of `difference` gives the same rows on it as on Sail"
        " (`tests/catalog/test_statements.py`). All else needs Delta Lake.",
        "",
        *rows_of_table(
            ("statement, or part of one", "in", "Spark Connect with Delta Lake"),
            (
                (
                    f"`{name}`",
                    f"`{function.__module__.removeprefix('pipeline.')}`",
                    REFUSED_BY_APACHE_SPARK.get(name) or on_delta("statements", name),
                )
                for name, function in statement_functions().items()
            ),
        ),
        "## Commands",
        "",
        f"With `--engine databricks`: {', '.join(f'`{command}`' for command in ran['commands'])}.",
    ]
    return page_of(parts)
