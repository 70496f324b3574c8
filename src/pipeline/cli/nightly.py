"""The night."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipeline.cli.answers import moment, progress_bar
from pipeline.cli.homes import engine_of, where, writing
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json
from pipeline.reports.terminal import as_json, console, table

commands = typer.Typer()


@commands.command()
def nightly(
    source: Annotated[
        str, typer.Option(help="export:DIR, simulated:DIR or databricks.")
    ] = f"simulated:{HOME / 'simulated'}",
    as_of: Annotated[
        str | None, typer.Option(help="Time to speak of, ISO 8601; the newest seen by default.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="Run one stage.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Run this stage and later ones.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another night holds the home.")
    ] = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Run the night: ingest what is new, bring every table up to date, track the models.

    Exits 1 when a table lost more of its rows than the setting most_quarantined allows.
    """
    from pipeline.engine.session import Engine, connect
    from pipeline.lakehouse.lock import home_lock
    from pipeline.night import run_night
    from pipeline.positions import Positions
    from pipeline.reports import night as night_report
    from pipeline.reports.questions import Filter, Questions
    from pipeline.scoring.tracking import WORKSPACE, store_of, track_night
    from pipeline.settings import load_settings
    from pipeline.sources.chosen import chosen_source

    settings = load_settings(home)
    asked = moment(as_of) if as_of else None
    with home_lock(home, wait=wait):
        spark = connect(engine_of(Engine, engine))
        lakehouse = writing(home, engine, spark)
        with progress_bar(json_) as bar:
            task = bar.add_task("starting", total=None)

            def progress(name: str, number: int, total: int) -> None:
                bar.update(task, description=name, completed=number - 1, total=total + 1)

            done = run_night(
                spark,
                lakehouse,
                chosen_source(source, spark),
                settings,
                now=datetime.now(UTC),
                as_of=asked,
                only=only,
                start=from_,
                progress=progress,
            )
            bar.update(task, description="mlflow")
            on_databricks = engine_of(Engine, engine) is Engine.DATABRICKS
            store = WORKSPACE if on_databricks else store_of(home)
            track_night(store, lakehouse, Positions(spark, lakehouse), settings, done)
        is_lossy = any(flaws.exceeds(settings.most_quarantined) for flaws in done.flaws)
        if json_:
            typer.echo(as_json(night_report.steps(done)))
            if is_lossy:
                raise typer.Exit(NOT_IN_ORDER)
            return
        out = console()
        out.print(
            table(
                f"Night as of {done.as_of:%Y-%m-%d %H:%M} UTC, {done.seconds:.1f} s",
                night_report.stages(done),
            )
        )
        night_report.summary(
            out, Questions(lakehouse, Filter()), done.flaws, settings.most_quarantined
        )
    out.print(f"Tables: {where(home, engine)} (Delta). MLflow: {store.shown}.", markup=False)
    out.print(
        "Look further: rightrun show jobs | show job KEY | show sla | show costs | show rightsizing |"
        ' show quality; rightrun sql "select ..."; rightrun tables',
        markup=False,
    )
    if is_lossy:
        raise typer.Exit(NOT_IN_ORDER)
