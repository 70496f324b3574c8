"""The night."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.homes import reader_of, where, writing
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json, Wait
from pipeline.cli.printing import Hints, moment, progress_bar
from pipeline.engine.names import Engine, engine_named
from pipeline.tables.declaration import Part

if TYPE_CHECKING:  # engines load only when a command uses one
    from collections.abc import Iterable

    from pipeline.nightly.outcome import Night
    from pipeline.settings import Settings
    from pipeline.tracking.store import Store

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
    name: Annotated[
        str | None,
        typer.Option(
            "--night",
            help="A name, by which tasks that run a stage each are parts of one night, which the stage"
            " track ends.",
        ),
    ] = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Run the night. Ingest what is new, bring every table up to date, track the models.

    Exits 1 when a table lost more of its rows than the setting most_quarantined allows.
    """
    from rich.text import Text

    from pipeline.alerts.memory import decide_now
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.quality.doubts import doubts
    from pipeline.answers.terminal.night import night_lines, stage_lines
    from pipeline.answers.terminal.screen import printed, screen, width_of
    from pipeline.engine.session import connect
    from pipeline.nightly.night import run_night
    from pipeline.nightly.positions import Positions
    from pipeline.settings import load_settings
    from pipeline.sources.address import now_at, open_source
    from pipeline.sources.home_source import HomeSource, address_for_night, stored_source
    from pipeline.tracking.nights import track_night
    from pipeline.tracking.store import store_of, workspace_store

    settings = load_settings(home)
    time_asked_for = moment(as_of) if as_of else None
    chosen_engine = engine_named(engine)
    if not home.exists():
        # Looked at first: no folder is made for a night that has nothing to read.
        open_source(address_for_night(source, None, home), connect(chosen_engine), settings)
    with writing(home, engine, wait=wait) as (spark, lakehouse):
        stored = stored_source(lakehouse)
        address = address_for_night(source, stored, home)
        home_source = HomeSource.of(address, home)
        if stored is not None and not stored.is_same(home_source):
            typer.echo(
                f"{home} was fed from {stored}, which is gone; from now on it is fed from {home_source}.",
                err=True,
            )
        with progress_bar(json_) as bar:
            task = bar.add_task("starting", total=None)

            def jobs_read(jobs: int) -> None:
                bar.update(task, description=f"{jobs:,} jobs' settings")

            def progress(name: str, number: int, total: int) -> None:
                bar.update(task, description=name, completed=number - 1, total=total + 1)

            chosen = open_source(address, spark, settings, jobs_read)
            night = run_night(
                spark,
                lakehouse,
                chosen,
                settings,
                now=now_at(address),
                as_of=time_asked_for,
                name=name,
                only=only,
                first_stage=from_,
                home_source=home_source,
                progress=progress,
            )
            store = workspace_store() if chosen_engine is Engine.DATABRICKS else store_of(home)
            if night.is_closed:
                bar.update(task, description="mlflow")
                track_night(store, lakehouse, Positions(spark, lakehouse), settings, night)
    losses, notes = _sentences(night, settings.most_quarantined, chosen.notices())
    out = screen(stderr=json_)
    steps = [report.record() for report in night.reports]
    if json_:
        typer.echo(as_json(steps))
    if not night.is_closed:
        # Its end says what the night says; a stage that exits 1 would keep the others from running.
        printed(out, stage_lines(steps, width_of(out)) if not json_ else ())
        printed(out, (Text(sentence, style="red") for sentence in losses))
        printed(out, (Text(note, style="yellow") for note in notes))
        return
    # With a lock of its own: people are told, and say what they know, while a night runs.
    with writing(home, engine, Part.OUTBOX, wait=True) as (spark, lakehouse):
        reader = reader_of(home, engine)
        made = decide_now(spark, lakehouse, reader, settings.alerts, now_at(address))
    hints = Hints(home)
    if json_:
        printed(out, (Text(sentence, style="red") for sentence in (*losses, *doubts(reader))))
    else:
        printed(out, night_lines(reader, steps, hints.command, width_of(out), losses))
    printed(out, (Text(note, style="yellow") for note in notes))
    if not json_:
        if made is not None:
            typer.echo(made.sentence(hints.command("alerts list"), hints.command("alerts deliver")))
        _print_places(home, engine, store, settings)
        typer.echo(f"One job: {hints.command('show job KEY')}; all answers: rightrun show -h")
    if losses:
        raise typer.Exit(NOT_IN_ORDER)


def _sentences(
    night: "Night", most_quarantined: float, notices: "Iterable[str]"
) -> tuple[list[str], list[str]]:
    """What was lost, and what is worth a note."""
    lossy = [flaws for flaws in night.flaws if flaws.exceeds(most_quarantined)]
    losses = [f"Lost: {sentence}." for flaws in lossy for sentence in flaws.sentences()]
    minor = [flaws for flaws in night.flaws if flaws not in lossy]
    notes = [f"Quarantine: {sentence}." for flaws in minor for sentence in flaws.sentences()]
    return losses, [*notes, *(f"Note: {notice}." for notice in notices)]


def _print_places(home: Path, engine: str, store: "Store", settings: "Settings") -> None:
    """Where everything is that a night has written."""
    from pipeline.tracking.experiments import NIGHTS, page_of

    typer.echo(f"Tables: {where(home, engine)} (Delta)")
    typer.echo(f"MLflow: {store.shown}")
    if (page := page_of(store, settings.experiment, NIGHTS)) is not None:
        typer.echo(f"Then open: {page}")
