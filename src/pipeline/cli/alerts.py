"""What people are told."""

import typer

from pipeline.cli import delivery, incidents

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What people are told: decide, deliver, explain, silence.",
)
commands.add_typer(incidents.commands)
commands.add_typer(delivery.commands)
