"""SLAs: what holds, what is proposed, and the signature under a proposal."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import pandas as pd
import typer

from pipeline.answers.terminal import brief
from pipeline.answers.terminal.tables import console
from pipeline.cli.answers import print_answer
from pipeline.cli.homes import opened, questions_of
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json, Limit, Owner, Team
from pipeline.errors import UserError

commands = typer.Typer(no_args_is_help=True, help="See, propose and accept SLAs.")

_NONE = "none"


@commands.command("list")
def list_slas(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """List the SLAs that hold, where each comes from, and who accepted it when."""
    questions = questions_of(home, engine, team, owner)
    print_answer("SLAs", questions.slas(limit), json_, brief.slas)
    for stray in questions.decided_for_no_job() + questions.decided_unreadably():
        console(stderr=True).print(f"SLA: {stray}", style="red", markup=False)


@commands.command("propose")
def propose(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """List an SLA for each job without one, with what speaks for it."""
    rows = questions_of(home, engine, team, owner).proposals(limit)
    print_answer("Proposed SLAs", rows, json_, brief.proposals)
    if not json_ and len(rows):
        console().print(
            "Accept one: rightrun sla accept KEY; in other words: --as 45m, or"
            ' --as "06:30 Europe/Berlin".',
            markup=False,
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
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Sign off a job's proposed SLA, or another; it holds for runs that start from then on."""
    from pipeline.answers.questions import Filter, Questions
    from pipeline.lakehouse.folder.lock import home_lock
    from pipeline.sla.record import accept as accept_sla

    # Looked at first: a lock is not taken, nor a folder made, for a home that holds nothing.
    spark, lakehouse = opened(home, engine)
    with home_lock(home):
        questions = Questions(lakehouse, Filter())
        found = questions.key_of(key)
        terms, evidence = questions.to_accept(found, None if as_ is None else as_.strip())
        who = (by or getpass.getuser()).strip()
        if not who:
            raise UserError("say who decides: --by NAME")
        now = datetime.now(UTC)
        accept_sla(spark, lakehouse, found, terms, by=who, at=now, evidence=evidence)
    row = {
        "series_key": found,
        "sla": _NONE if terms is None else terms.spelled,
        "decided_by": who,
        "decided_at": now,
        "evidence": evidence,
    }
    verdict = "Taken back; it no longer holds" if terms is None else "Accepted; it holds"
    title = f"{verdict} for runs that start from {now:%Y-%m-%d %H:%M} UTC on"
    print_answer(title, pd.DataFrame([row]), json_)
