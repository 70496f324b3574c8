"""The dashboards in a browser."""

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import ENGINE, HOME, Home
from pipeline.errors import UserError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

commands = typer.Typer()

PORT = 8765


@commands.command()
def dashboard(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of this machine; 0 for any free one.")
    ] = PORT,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the first page in a browser.")
    ] = False,
    home: Home = HOME,
) -> None:
    """Show the dashboards in a browser of this machine, until Ctrl-C. They can be read, not changed."""
    from pipeline.cli.interrupts import unwind_when_interrupted

    try:
        from pipeline.dashboards.home.server import listening, server_of
    except ImportError as error:
        raise UserError(
            "the dashboards at home are not installed: install RightRun with its extra dashboard"
        ) from error
    if not home.is_dir():
        raise UserError(
            f"there is no home {home}: run rightrun nightly first, or name another --home"
        )
    with listening(port) as listener:
        app = _pages_of(home)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        typer.echo(f"The dashboards of {home}: {address} (Ctrl-C ends them)")
        if open_:
            typer.launch(address)
        unwind_when_interrupted()
        try:
            # It puts away what it is asked meanwhile, and then raises the interrupt again.
            server_of(app, listener).run([listener])
        except KeyboardInterrupt:
            typer.echo("The dashboards have ended.")


def _pages_of(home: Path) -> "ASGIApp":
    """The pages over the home's tables; UserError where another release has written them."""
    from pipeline.answers.for_scripts import as_csv
    from pipeline.cli.homes import lakehouse_of
    from pipeline.dashboards.dashboard import datasets
    from pipeline.dashboards.home.app import Application
    from pipeline.dashboards.home.gold import Gold
    from pipeline.engine.names import Engine
    from pipeline.engine.session import connect
    from pipeline.engine.temporary_folders import temporary_folder
    from pipeline.nightly.schema_versions import refuse_other_release
    from pipeline.settings import load_settings
    from pipeline.tables import ops

    spark = connect(Engine.EMBEDDED)
    lakehouse = lakehouse_of(home, ENGINE, spark)
    if lakehouse.exists(ops.POSITIONS):
        refuse_other_release(lakehouse)
    gold = Gold(spark, lakehouse, datasets().values(), temporary_folder("dashboard"))
    pages = Application(gold, load_settings(home).currency_code, as_csv, _report)
    # The tables are copied before an address is printed; the rest is made ready beside whoever asks.
    if gold.has_a_night():
        Thread(target=pages.make_ready, name="ready", daemon=True).start()
    return pages.asgi()


def _report(fault: str) -> None:
    typer.echo(
        f"{fault}\nrightrun: this is a fault of RightRun; report it with the lines above", err=True
    )
