"""Whether an engine computes what it should: what a user runs first in a workspace."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipeline.cli.interrupts import unwind_when_interrupted
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json
from pipeline.cli.printing import Form, print_records, progress_bar
from pipeline.engine.names import Engine, engine_named

if TYPE_CHECKING:  # engines load only when a command uses one
    from pyspark.sql import SparkSession

    from pipeline.selftest.scratch import Scratch

commands = typer.Typer()

_INTERRUPTED = 130


@commands.command()
def selftest(home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False) -> None:
    """Run every stage over a small account whose answers are known. In a place of its own, that is removed
    again: a temporary home, or schemas rightrun_selftest_* of the setting catalog.

    Exits 1 when a table is not as the embedded engine made it.
    """
    from pipeline.answers.for_scripts import as_json
    from pipeline.engine.session import connect, engine_name
    from pipeline.selftest.run import compared, run_stages

    # The schemas are to be dropped, whatever ends the test.
    unwind_when_interrupted()
    began_at = datetime.now(UTC)
    try:
        with progress_bar(json_) as bar:
            task = bar.add_task("simulating", total=None)

            def progress(name: str, number: int, total: int) -> None:
                bar.update(task, description=name, completed=number - 1, total=total)

            spark = connect(engine_named(engine))
            with _scratch(
                spark, home, engine, lambda what: bar.update(task, description=what)
            ) as scratch:
                outcome = compared(scratch.lakehouse, run_stages(spark, scratch, progress))
                bar.update(task, description="dropping")
            answered_by = engine_name(spark)
    except KeyboardInterrupt:
        typer.echo("rightrun: interrupted; what the self-test had made is removed", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    tables = [
        {
            "table": verdict.table,
            "verdict": "ok" if verdict.is_as_expected else "differs",
            "rows": verdict.rows,
            "rows_expected": verdict.rows_expected,
            "differs_in": ", ".join(verdict.differing) or None,
        }
        for verdict in outcome.tables
    ]
    stages = [
        {"stage": stage, "seconds": round(seconds, 1)} for stage, seconds in outcome.seconds.items()
    ]
    if json_:
        verdict = {"engine": answered_by, "is_as_expected": outcome.is_as_expected}
        typer.echo(as_json({"verdict": verdict, "tables": tables, "stages": stages}))
    else:
        print_records(f"Tables, as {answered_by} made them", tables, Form())
        print_records("What each stage took", stages, Form())
        typer.echo(outcome.sentence)
        if engine_named(engine) is Engine.DATABRICKS:
            typer.echo(_cost(began_at))
    if not outcome.is_as_expected:
        raise typer.Exit(NOT_IN_ORDER)


def simulated_account(folder: Path) -> Path:
    """The account of every self-test, written into `folder`: its system tables, and nothing of the Jobs
    API, which schemas of a catalog cannot stand in for."""
    from pipeline.selftest.run import DAYS, ENDS_AT, JOBS, SEED
    from pipeline.tables.source import SOURCE_TABLES
    from simulator import SimulatorConfig, simulate

    simulate(SimulatorConfig(jobs=JOBS, days=DAYS, seed=SEED, end=ENDS_AT), folder)
    for table in SOURCE_TABLES:
        if not table.is_system_table:
            shutil.rmtree(folder.joinpath(*table.place))
    return folder


def _scratch(
    spark: "SparkSession", home: Path, engine: str, saying: Callable[[str], None]
) -> "AbstractContextManager[Scratch]":
    from pipeline.engine.temporary_folders import temporary_folder
    from pipeline.selftest.scratch import scratch_home, scratch_schemas
    from pipeline.settings import load_settings

    account = simulated_account(temporary_folder("account"))
    if engine_named(engine) is Engine.DATABRICKS:
        saying("writing the account")
        return scratch_schemas(spark, load_settings(home).catalog, account)
    return scratch_home(spark, account)


def _cost(began_at: datetime) -> str:
    """How to learn what it has cost: billing tells some hours later."""
    return (
        "Its DBU stand in system.billing.usage some hours from now: SELECT sum(usage_quantity) FROM"
        " system.billing.usage WHERE usage_unit = 'DBU' AND custom_tags['product'] = 'rightrun' AND"
        f" usage_end_time > '{began_at:%Y-%m-%dT%H:%M:%SZ}' (a task of the bundle; else by"
        " identity_metadata.run_as = current_user())"
    )
