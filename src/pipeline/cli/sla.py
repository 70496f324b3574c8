"""SLAs: what holds, what is proposed, and the signature under a proposal."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline.answers.terminal.screen import printed, screen
from pipeline.cli.homes import opened, reader_of, writing
from pipeline.cli.options import (
    ENGINE,
    HOME,
    EngineName,
    Home,
    Json,
    Wait,
)
from pipeline.cli.printing import Form, Hints, print_records
from pipeline.cli.show import listed, named_lists
from pipeline.errors import UserError

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="See, propose and accept SLAs."
)

_NONE = "none"


def _name_futile_decisions(home: Path, engine: str, _form: Form) -> None:
    """Decisions that come to nothing are named where people look."""
    from pipeline.answers.sla.acceptance import futile_decisions

    for sentence in futile_decisions(reader_of(home, engine)):
        printed(screen(stderr=True), [Text(f"SLA: {sentence}", style="red")])


def _say_how_to_accept(home: Path, _engine: str, form: Form) -> None:
    if not form.is_for_scripts:
        accept_one = Hints(home).command("sla accept KEY")
        typer.echo(
            f'Accept one: {accept_one}; in other words: --as 45m, or --as "06:30 Europe/Berlin".'
        )


listed(
    commands,
    "list",
    named_lists("SLAS"),
    "List the SLAs that hold. With where each comes from, and who accepted it when.",
    after=_name_futile_decisions,
)
listed(
    commands,
    "propose",
    named_lists("PROPOSALS"),
    "List an SLA for each job without one. With what speaks for it.",
    after=_say_how_to_accept,
)


@commands.command("accept")
def accept(
    key: Annotated[str, typer.Argument(help="workspace_id/job_id, a job id, or a name.")],
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", help='Other words than proposed: 45m, "06:30 Europe/Berlin", or none.'
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decides; your login by default.")] = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Sign off an SLA of a job. The proposed one, or another; it holds for runs that start from then on."""
    from pipeline.answers.jobs.which import key_of
    from pipeline.answers.sla.acceptance import to_accept
    from pipeline.sla.record import accept as accept_sla

    # Looked at first: a lock is not taken, nor a folder made, for a home that holds nothing.
    opened(home, engine)
    with writing(home, engine, wait=wait) as (spark, lakehouse):
        reader = reader_of(home, engine)
        series_key = key_of(reader, key)
        words = None if as_ is None else as_.strip()
        terms, evidence = to_accept(reader, series_key, words)
        who = (by or getpass.getuser()).strip()
        if not who:
            raise UserError("say who decides: --by NAME")
        now = datetime.now(UTC)
        accept_sla(spark, lakehouse, series_key, terms, by=who, at=now, evidence=evidence)
    row = {
        "series_key": series_key,
        "sla": _NONE if terms is None else terms.spelled,
        "decided_by": who,
        "decided_at": now,
        "evidence": evidence,
    }
    title = "Taken back; it no longer holds" if terms is None else "Accepted; it holds"
    since = f"{now:%Y-%m-%d %H:%M} UTC"
    print_records(f"{title} for runs that start from {since} on", [row], Form(json_))
