"""All commands together, and how they end.

Exit codes: 0 done; 1 done, and what was asked about is not in order; 2 the user can mend it; 130 and
143 ended by SIGINT and by SIGTERM (`pipeline.cli.interrupts`).
"""

import logging
import sys

import typer

from pipeline.answers.terminal.tables import console
from pipeline.cli import evaluate, nightly, show, sla, sources, tables
from pipeline.cli.options import NOT_IN_ORDER, USER_ERROR
from pipeline.errors import UserError, traced

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Says each night which Databricks jobs will miss their deadline, which behave unlike"
    " themselves, what each costs, and which cluster would do the same work for less.",
)
for group in (sources, nightly, tables, evaluate):
    app.add_typer(group.commands)
app.add_typer(show.commands, name="show")
app.add_typer(sla.commands, name="sla")


def main() -> None:
    """Run the command asked for: what the user can mend is one sentence and exit code 2, never a traceback."""
    logging.getLogger("py4j").setLevel(logging.ERROR)
    try:
        app()
    except UserError as error:
        console(stderr=True).print(f"rightrun: {error}", style="red", markup=False)
        sys.exit(USER_ERROR)
    except Exception as error:  # A fault of ours: where it is, and nothing of any row.
        console(stderr=True).print(
            f"{traced(error)}\nrightrun: this is a fault of RightRun; report it with the lines above,"
            " which quote none of your rows",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        sys.exit(NOT_IN_ORDER)
