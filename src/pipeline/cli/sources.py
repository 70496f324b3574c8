"""Where rows come from: simulate an account, check a source."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, USER_ERROR, EngineName, Home, Json
from pipeline.cli.printing import Form, moment, print_records, print_rows, progress_bar
from pipeline.engine.names import engine_named
from pipeline.errors import UserError

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
    """Simulate an account. It is written as an export, with the truth beside it."""
    from simulator import SimulatorConfig, append_day
    from simulator import from_log as simulate_log
    from simulator import simulate as simulate_account
    from simulator.quirks import parse_quirks

    last = (
        moment(end) if end else datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    with progress_bar(json_) as bar:
        task = bar.add_task("simulating", total=1.0)

        def progress(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share)

        if append:
            summary = append_day(out, progress=progress)
        elif from_log is not None:
            summary = simulate_log(from_log, out, end=last, seed=seed, progress=progress)
        else:
            config = SimulatorConfig(
                jobs=jobs, days=days, seed=seed, end=last, quirks=parse_quirks(quirks)
            )
            summary = simulate_account(config, out, progress=progress)
    rows = [{"table": table, "rows": count} for table, count in sorted(summary.rows.items())]
    print_records(f"Simulated account in {out} ({summary.seconds:.1f} s)", rows, Form(json_))


@commands.command()
def check(
    source: Annotated[str, typer.Option(help="export:DIR, simulated:DIR or databricks.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Say what a first night would find. Tables, columns and values that are not there or cannot be
    read, and what each switches off. Writes nothing, and exits as that night would.
    """
    from rich.text import Text

    from pipeline.answers.selection import Rows
    from pipeline.answers.terminal.screen import printed, screen
    from pipeline.bronze.flaws import Flaws, try_out
    from pipeline.cli import readiness
    from pipeline.cli.readiness import Readiness
    from pipeline.engine.session import connect
    from pipeline.settings import load_settings
    from pipeline.sources.address import now_at, open_source
    from pipeline.tables.source import SOURCE_TABLES

    settings = load_settings(home)
    spark = connect(engine_named(engine))
    chosen = open_source(source, spark, settings)
    now = now_at(source)
    tables = []
    with progress_bar(json_) as bar:
        for declared in bar.track(SOURCE_TABLES, description="checking"):
            flaws, error = Flaws(declared), ""
            try:
                flaws = try_out(chosen, declared, now)
            except UserError as stopped:
                error = str(stopped)
            tables.append(Readiness(chosen.inspect(declared), flaws, error))
    records = [readiness.record(table) for table in tables]
    rows = Rows(tuple(records[0]), records, len(records))
    print_rows(f"Source {chosen.name}", rows, Form(json_), readiness.view)
    if not json_:
        printed(screen(), readiness.lines(tables, settings.most_quarantined))
    notices = (Text(f"Note: {notice}.", style="yellow") for notice in chosen.notices())
    printed(screen(stderr=json_), notices)
    if any(one.stops for one in tables):
        raise typer.Exit(USER_ERROR)
    if any(one.flaws.exceeds(settings.most_quarantined) for one in tables):
        raise typer.Exit(NOT_IN_ORDER)
