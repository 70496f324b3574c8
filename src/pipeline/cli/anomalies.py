"""Marks of runs: what a person knows of a run that a baseline does not."""

import getpass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.homes import opened, reader_of, writing
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json, Wait
from pipeline.cli.printing import Form, print_records
from pipeline.errors import UserError

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Mark runs as expected or as incidents."
)


class Mark(StrEnum):
    """What a run was."""

    EXPECTED = "expected"
    INCIDENT = "incident"


Run = Annotated[str, typer.Argument(help="A run's id, or workspace_id/run_id.")]
By = Annotated[str | None, typer.Option(help="Who decides; your login by default.")]


@commands.command("mark")
def mark(
    run: Run,
    mark: Annotated[Mark, typer.Argument(help="expected or incident.")],
    why: Annotated[str, typer.Option(help="What you know of it.")],
    by: By = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Say that a run was as expected, or an incident. From the next night on an expected one is learned and not flagged, an incident never learned."""
    if not why.strip():
        raise UserError("say what you know of the run: --why TEXT")
    _decide(run, mark, why.strip(), by, home, engine, wait=wait, form=Form(json_))


@commands.command("unmark")
def unmark(
    run: Run,
    by: By = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Take a run's mark back."""
    _decide(run, None, "", by, home, engine, wait=wait, form=Form(json_))


def _decide(
    run: str,
    mark: Mark | None,
    why: str,
    by: str | None,
    home: Path,
    engine: str,
    *,
    wait: bool,
    form: Form,
) -> None:
    from pipeline.answers.anomalies.which_run import run_meant
    from pipeline.decisions.marking import mark_run

    # Looked at first: a lock is not taken, nor a folder made, for a home that holds nothing.
    opened(home, engine)
    with writing(home, engine, wait=wait) as (spark, lakehouse):
        meant = run_meant(reader_of(home, engine), run)
        who = (by or getpass.getuser()).strip()
        if not who:
            raise UserError("say who decides: --by NAME")
        now = datetime.now(UTC)
        key = f"{meant['workspace_id']}/{meant['run_id']}"
        words = None if mark is None else str(mark)
        mark_run(spark, lakehouse, key, words, by=who, at=now, why=why)
    row = {
        "run": key,
        "series_key": meant["series_key"],
        "started_at": meant["started_at"],
        "mark": words or "none",
        "decided_by": who,
        "decided_at": now,
        "why": why,
    }
    title = "Mark taken back" if mark is None else "Marked"
    print_records(f"{title}; the next night learns of it", [row], form)
