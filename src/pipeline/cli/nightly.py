"""The night."""

from typing import Annotated

import typer

from pipeline.answers.terminal.tables import as_json, console, table
from pipeline.cli.answers import moment, progress_bar
from pipeline.cli.homes import engine_of, where, writing
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json

commands = typer.Typer()


@commands.command()
def nightly(
    source: Annotated[
        str | None,
        typer.Option(
            help="export:DIR, simulated:DIR or databricks; by default what the home is fed from,"
            " at first what is simulated in it."
        ),
    ] = None,
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
    from pipeline.answers.questions import Filter, Questions
    from pipeline.answers.terminal import night as night_report
    from pipeline.engine.session import Engine, connect
    from pipeline.lakehouse.folder.lock import home_lock
    from pipeline.nightly.night import run_night
    from pipeline.nightly.positions import Positions
    from pipeline.settings import load_settings
    from pipeline.sources.address import now_at, open_source
    from pipeline.sources.home_source import HomeSource, address_for_night, stored_source
    from pipeline.tracking.nights import WORKSPACE, store_of, track_night

    settings = load_settings(home)
    asked = moment(as_of) if as_of else None
    chosen_engine = engine_of(Engine, engine)
    if not home.exists():
        # Looked at first: no folder is made for a night that has nothing to read.
        open_source(address_for_night(source, None, home), connect(chosen_engine))
    with home_lock(home, wait=wait):
        spark = connect(chosen_engine)
        lakehouse = writing(home, engine, spark)
        fed = stored_source(lakehouse)
        spelled = address_for_night(source, fed, home)
        feed = HomeSource.of(spelled, home)
        chosen = open_source(spelled, spark)
        if fed is not None and not fed.is_same(feed):
            console(stderr=True).print(
                f"{home} was fed from {fed}, which is gone; from now on it is fed from {feed}.",
                markup=False,
            )
        with progress_bar(json_) as bar:
            task = bar.add_task("starting", total=None)

            def progress(name: str, number: int, total: int) -> None:
                bar.update(task, description=name, completed=number - 1, total=total + 1)

            done = run_night(
                spark,
                lakehouse,
                chosen,
                settings,
                now=now_at(spelled),
                as_of=asked,
                only=only,
                start=from_,
                feed=feed,
                progress=progress,
            )
            bar.update(task, description="mlflow")
            store = WORKSPACE if chosen_engine is Engine.DATABRICKS else store_of(home)
            track_night(store, lakehouse, Positions(spark, lakehouse), settings, done)
        questions = Questions(lakehouse, Filter())
        lost = [*night_report.losses(done.flaws, settings.most_quarantined)]
        out = console(stderr=json_)
        for sentence in lost:
            out.print(sentence, style="red", markup=False)
        if json_:
            typer.echo(as_json(night_report.steps(done)))
            for sentence in night_report.doubts(questions):
                out.print(sentence, style="red", markup=False)
        else:
            out.print(
                table(
                    f"Night as of {done.as_of:%Y-%m-%d %H:%M} UTC, {done.seconds:.1f} s",
                    night_report.stages(done),
                )
            )
            night_report.summary(out, questions, done.flaws, settings.most_quarantined)
    for notice in chosen.notices():
        out.print(f"Note: {notice}.", style="yellow", markup=False)
    if not json_:
        out.print(f"Tables: {where(home, engine)} (Delta). MLflow: {store.shown}.", markup=False)
        out.print(
            "Look further: rightrun show jobs | show job KEY | show sla | show costs |"
            ' show rightsizing | show quality; rightrun sql "select ..."; rightrun tables',
            markup=False,
        )
    if lost:
        raise typer.Exit(NOT_IN_ORDER)
