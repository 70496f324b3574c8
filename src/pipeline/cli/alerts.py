"""What people are told."""

import typer

from pipeline.cli import delivery

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What people are told: deliver it, try it."
)
commands.add_typer(delivery.commands)
