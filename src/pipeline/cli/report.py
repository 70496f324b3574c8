"""Reports that people read, written to files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.homes import reader_of
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json, Team
from pipeline.reports.period import Rhythm

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
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Write what changed in a week or a month, what it cost and what to do. As HTML and as plain text, for the whole account and for each team."""
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.jobs.which import selection_of
    from pipeline.reports.facts import account_of
    from pipeline.reports.files import write_report

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
    if json_:
        typer.echo(as_json(written))
