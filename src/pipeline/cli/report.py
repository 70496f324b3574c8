"""Reports that people read, written to files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.homes import reader_of
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json, Team

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Write what changed in a week or a month, what it cost and what to do, with the evidence.",
)

Out = Annotated[Path, typer.Option(help="Folder of the files; made where there is none.")]
HERE = Path()


@commands.command()
def weekly(
    team: Team = None,
    out: Out = HERE,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """The last full week, from Monday to Sunday in UTC. As HTML and as plain text, for the whole account and for each team."""
    _write("weekly", team, out, home, engine, json_=json_)


@commands.command()
def monthly(
    team: Team = None,
    out: Out = HERE,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """The last full month, in UTC. As HTML and as plain text, for the whole account and for each team."""
    _write("monthly", team, out, home, engine, json_=json_)


def _write(
    rhythm: str, team: str | None, out: Path, home: Path, engine: str, *, json_: bool
) -> None:
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.jobs.which import selection_of
    from pipeline.reports.facts import account_of
    from pipeline.reports.files import write_report
    from pipeline.reports.period import Rhythm

    reader = reader_of(home, engine)
    chosen = selection_of(reader, team).team
    account = account_of(reader, Rhythm(rhythm))
    whose = [None, *account.teams] if team is None else [chosen]
    written = []
    for one in whose:
        facts = account.facts(one)
        files = [str(file) for file in write_report(facts, out)]
        written.append({"team": one, "files": files, "facts": asdict(facts)})
        if not json_:
            typer.echo("\n".join(files))
    if json_:
        typer.echo(as_json(written))
