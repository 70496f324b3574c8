"""Where rows come from: simulate an account, check a source."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from pipeline.cli.answers import moment, print_answer, progress_bar
from pipeline.cli.homes import engine_of
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Json
from pipeline.reports.terminal import console

commands = typer.Typer()


@commands.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write the simulated account into.")] = HOME
    / "simulated",
    jobs: Annotated[int, typer.Option(min=1, max=200_000, help="Jobs.")] = 1000,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days of history.")] = 30,
    seed: Annotated[int, typer.Option(help="Same seed, same rows.")] = 7,
    from_log: Annotated[
        Path | None, typer.Option(help="Drive it by a real run log (Parquet).")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(help="Last moment of the history, ISO 8601; today 00:00 UTC by default."),
    ] = None,
    quirks: Annotated[
        str, typer.Option(help="all, none, or names with commas; docs/settings.md lists them.")
    ] = "all",
    append: Annotated[
        bool, typer.Option("--append-day", help="Give the account in --out one more day.")
    ] = False,
    json_: Json = False,
) -> None:
    """Write a simulated Databricks account as an export, with the truth beside it."""
    from pipeline.sources.simulator import SimulatorConfig, append_day
    from pipeline.sources.simulator import from_log as simulate_log
    from pipeline.sources.simulator import simulate as simulate_account
    from pipeline.sources.simulator.quirks import parsed

    last = (
        moment(end) if end else datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    with progress_bar(json_) as bar:
        task = bar.add_task("simulating", total=1.0)

        def progress(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share)

        if append:
            done = append_day(out, progress=progress)
        elif from_log is not None:
            done = simulate_log(from_log, out, end=last, seed=seed, progress=progress)
        else:
            config = SimulatorConfig(
                jobs=jobs, days=days, seed=seed, end=last, quirks=parsed(quirks)
            )
            done = simulate_account(config, out, progress=progress)
    rows = pd.DataFrame(sorted(done.rows.items()), columns=["table", "rows"])
    print_answer(f"Simulated account in {out} ({done.seconds:.1f} s)", rows, json_)


@commands.command()
def check(
    source: Annotated[str, typer.Option(help="export:DIR, simulated:DIR or databricks.")],
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Verify a source: which tables are there, what they lack, and what each missing one switches off."""
    from pipeline.engine.session import Engine, connect
    from pipeline.sources.chosen import chosen_source
    from pipeline.tables.source import SOURCE_TABLES

    spark = connect(engine_of(Engine, engine))
    found = chosen_source(source, spark)
    rows = []
    blocked = False
    for declared in SOURCE_TABLES:
        presence = found.inspect(declared)
        usable = presence.found and not presence.problem
        blocked |= bool(presence.problem and presence.found) or (declared.required and not usable)
        rows.append(
            {
                "table": declared.system_name,
                "found": "yes" if usable else ("damaged" if presence.found else "no"),
                "where": presence.where,
                "columns absent": ", ".join(presence.columns_missing),
                "of another type": ", ".join(presence.columns_retyped),
                "switched off": "" if usable else declared.switches_off,
                "problem": presence.problem,
            }
        )
    print_answer(f"Source {found.name}", pd.DataFrame(rows), json_)
    for notice in found.notices():
        console(stderr=json_).print(f"Note: {notice}.", style="yellow", markup=False)
    if blocked:
        raise typer.Exit(NOT_IN_ORDER)
