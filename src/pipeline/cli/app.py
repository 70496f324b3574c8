"""All commands together, and how they end.

Exit codes: 0 done; 1 done, and what was asked about is not in order; 2 the user can mend it; 130 and
143 ended by SIGINT and by SIGTERM (`pipeline.cli.interrupts`), 141 where nobody reads on.
"""

import errno
import logging
import os
import sys
import warnings
from typing import Annotated

import typer
from rich.text import Text

from pipeline.answers.terminal.screen import printed, screen
from pipeline.cli import (
    alerts,
    anomalies,
    bundle,
    dashboard,
    evaluate,
    init,
    nightly,
    report,
    selftest,
    show,
    sla,
    sources,
    tables,
    watch,
)
from pipeline.cli.options import NOT_IN_ORDER, USER_ERROR
from pipeline.errors import UserError, traced

_NOBODY_READS = 141
_FULL = (errno.ENOSPC, errno.EDQUOT)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: it loads in half the time, and reads the same in a pipe and on an ASCII terminal.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (init, selftest, sources, nightly, watch, report, tables, evaluate, dashboard):
    app.add_typer(group.commands)
app.add_typer(show.commands, name="show")
app.add_typer(sla.commands, name="sla")
app.add_typer(anomalies.commands, name="anomalies")
app.add_typer(alerts.commands, name="alerts")
app.add_typer(bundle.commands, name="bundle")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"rightrun {version('rightrun')}")
        raise typer.Exit


@app.callback()
def rightrun(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Say which version."
        ),
    ] = False,
) -> None:
    """Says each night which Databricks jobs will miss their deadline, which behave unlike themselves, what
    each costs, and which cluster would do the same work for less."""


def main() -> None:
    """Run the command asked for: what the user can mend is one sentence and exit code 2, never a traceback."""
    logging.getLogger("py4j").setLevel(logging.ERROR)
    if not sys.warnoptions:
        # A library's warning tells whoever reads an answer nothing.
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # A name that a terminal cannot spell is no error.
            stream.reconfigure(errors="replace")
    try:
        _run()
    except BrokenPipeError:
        _silence()
        sys.exit(_NOBODY_READS)
    except UserError as error:
        printed(screen(stderr=True), [_red(f"rightrun: {error}")])
        sys.exit(USER_ERROR)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            printed(screen(stderr=True), [_red(f"rightrun: {os.strerror(error.errno)}: make room")])
            _silence()
            sys.exit(USER_ERROR)
        # A fault of ours: where it is, and nothing of any row.
        report = (
            f"{traced(error)}\nrightrun: this is a fault of RightRun; report it with the lines above,"
            " which quote none of your rows"
        )
        printed(screen(stderr=True), map(_red, report.split("\n")))
        sys.exit(NOT_IN_ORDER)


def _run() -> None:
    """Success returns: a wheel's task on Databricks takes any SystemExit for a failure, that of 0 too."""
    try:
        app()
    except SystemExit as ended:
        if ended.code:
            raise


def _red(line: str) -> Text:
    return Text(line, style="red")


def _silence() -> None:
    """What is left in the buffer of an output that takes no more goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
