"""Reports that people read, written to files."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.delivery import channels_with
from pipeline.cli.homes import reader_of, writing
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json, Team
from pipeline.reports.period import Rhythm
from pipeline.tables.declaration import Part

commands = typer.Typer()

HERE = Path()


@commands.command()
def report(
    rhythm: Annotated[
        Rhythm,
        typer.Argument(
            help="The last full week, from Monday to Sunday in UTC, or the last full month."
        ),
    ],
    team: Team = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the files; made where there is none.")
    ] = HERE,
    send: Annotated[
        str | None,
        typer.Option(
            help="A channel of the settings, which is sent that of the team, or of the whole account, once."
        ),
    ] = None,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Write what changed in a week or a month, what it cost and what to do. As HTML and as plain text, for the whole account and for each team."""
    from pipeline.alerts.outbox import post
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.jobs.which import selection_of
    from pipeline.reports.facts import account_of
    from pipeline.reports.files import write_report
    from pipeline.reports.message import report_message

    if send is not None:
        channels_with(home, send)
    reader = reader_of(home, engine)
    chosen = selection_of(reader, team).team
    account = account_of(reader, rhythm)
    whose = [None, *account.teams] if chosen is None else [chosen]
    written = []
    for one in whose:
        facts = account.facts(one)
        files = [str(file) for file in write_report(facts, out)]
        written.append({"team": one, "files": files, "facts": asdict(facts)})
        if not json_:
            typer.echo("\n".join(files))
    if send is not None:
        with writing(home, engine, Part.OUTBOX, wait=True) as tables:
            count = post(*tables, [report_message(account.facts(chosen), send, datetime.now(UTC))])
        if not json_:
            typer.echo(
                f"In the outbox for {send}; it goes out with rightrun alerts deliver."
                if count
                else f"It was in the outbox for {send} before, and is not sent twice."
            )
    if json_:
        typer.echo(as_json(written))
