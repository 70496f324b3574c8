"""What happens between nights."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.homes import opened, reader_of, writing
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json, Wait
from pipeline.cli.printing import Form, Hints, print_records
from pipeline.errors import UserError
from pipeline.tables.declaration import Part

if TYPE_CHECKING:  # takes a second to import
    from pipeline.workspace.connection import Workspace

commands = typer.Typer()

_RETRY_SECONDS = 30
"""A request that is told to wait waits no longer: the next look is minutes away."""


@commands.command()
def watch(
    minutes: Annotated[
        int | None,
        typer.Option("--for", min=1, help="Go on for so many minutes; by default look once."),
    ] = None,
    every: Annotated[
        int, typer.Option(min=60, help="Seconds from one look to the next, with --for.")
    ] = 300,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Look at what runs now. Asks the Jobs API, says what may miss its SLA, and decides who is told. Also while a
    night runs. Exit code 1 where a workspace was not seen in full.
    """
    from pipeline.alerts.memory import decide_now
    from pipeline.answers.nights.given import as_of
    from pipeline.settings import load_settings
    from pipeline.watch.look import look
    from pipeline.workspace.connection import Workspace

    # Looked at first: a lock is not taken, nor a folder made, for a home that holds nothing.
    opened(home, engine)
    settings = load_settings(home)

    @cache
    def connect(place: str) -> "Workspace":
        return Workspace.connect(_RETRY_SECONDS, place)

    ends_at = time.monotonic() + 60.0 * (minutes or 0)
    while True:
        begun_at = time.monotonic()
        with writing(home, engine, Part.LIVE_RUNS, wait=wait or minutes is not None) as tables:
            reader = reader_of(home, engine)
            night_at = as_of(reader)
            if night_at is None:
                raise UserError("no night has said anything yet: run rightrun nightly first")
            now = datetime.now(UTC)
            looked = look(*tables, reader, settings, connect, now=now, night_at=night_at)
        # What was seen stands in the tables: a decision that is not reached is made by the next look or night.
        with writing(home, engine, Part.OUTBOX, wait=True) as (spark, lakehouse):
            reader = reader_of(home, engine)
            made = decide_now(
                spark, lakehouse, reader, settings.alerts, now, is_between_nights=True
            )
        rows: list[dict[str, Any]] = [asdict(one) for one in looked.workspaces]
        print_records("Watched", rows, Form(json_))
        if made is not None and not json_:
            hints = Hints(home)
            typer.echo(made.sentence(hints.command("alerts list"), hints.command("alerts deliver")))
        pause = max(0.0, every - (time.monotonic() - begun_at))
        if time.monotonic() + pause > ends_at:
            break
        time.sleep(pause)
    if not looked.is_whole:
        raise typer.Exit(NOT_IN_ORDER)
