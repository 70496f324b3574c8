"""What is deployed to a workspace, written and checked on a machine that has none."""

import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.homes import reader_of
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json
from pipeline.errors import UserError

commands = typer.Typer(
    no_args_is_help=True, help="The bundle that a workspace is given: write it, check it."
)

Folder = Annotated[Path, typer.Argument(help="The bundle's folder.")]
HERE = Path()


@commands.command()
def init(folder: Folder = HERE) -> None:
    """Write a bundle with RightRun's wheel, settings, and a workflow that delivers it."""
    _refuse_without_graph()
    from pipeline.bundle.files import first_files, write_files

    for name in write_files(folder, first_files(folder)):
        typer.echo(folder / name)
    _generate(folder)
    typer.echo(
        "Next: read the variables in databricks.yml, then rightrun bundle check; docs/deploy.md has the rest."
    )


@commands.command()
def generate(folder: Folder = HERE) -> None:
    """Write resources/ again, from what is installed, databricks.yml and rightrun.yml."""
    _refuse_without_graph()
    if not _generate(folder):
        typer.echo("All files are current.")


@commands.command()
def check(
    folder: Folder = HERE,
    schema: Annotated[
        Path | None,
        typer.Option(help="The official JSON schema: what `databricks bundle schema` prints."),
    ] = None,
    json_: Json = False,
) -> None:
    """Say what is wrong with a bundle. Needs no workspace and no network; exits 1 for a fault."""
    _refuse_without_graph()
    from pipeline.bundle.check import check_bundle

    report = check_bundle(folder, schema)
    if json_:
        faults = [fault.record() for fault in report.faults]
        typer.echo(json.dumps({"faults": faults, "unchecked": report.unchecked}, indent=1))
    else:
        for fault in report.faults:
            typer.echo(str(fault))
        for part in report.unchecked:
            typer.echo(f"Not checked: {part}.")
        typer.echo(f"{report.resources} resources, {len(report.faults) or 'no'} faults.")
    if report.faults:
        raise typer.Exit(NOT_IN_ORDER)


@commands.command()
def tripwires(
    tier: Annotated[
        str, typer.Option(help="Of jobs of these tiers; by tag, or as the alerts' policy has them.")
    ] = "P1,P2",
    destination: Annotated[
        str | None,
        typer.Option(
            help="Id of the notification destination that jobs shall tell that tell nobody."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; without one it is printed.")
    ] = None,
    home: Home = HOME,
    engine: EngineName = ENGINE,
) -> None:
    """Write what would set each job's tripwire: bodies of `databricks jobs update`, by workspace. Sends nothing."""
    from pipeline.alert_settings import TIERS
    from pipeline.alerts.policy import Policy
    from pipeline.answers.reader import records
    from pipeline.bundle.tripwires import job_updates
    from pipeline.settings import load_settings

    tiers = _tiers(tier)
    policy = Policy(load_settings(home).alerts)
    rows = [
        row
        for row in records(reader_of(home, engine), "jobs", "tripwires")
        if policy.tier(row["series_key"], row["tier"] or len(TIERS)) in tiers
    ]
    patch = job_updates(rows, destination)
    text = json.dumps(patch.updates, indent=1, sort_keys=True)
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
    changed = sum(len(updates) for updates in patch.updates.values())
    # Beside the answer, which is for scripts.
    say = partial(typer.echo, err=True)
    say(f"{changed:,} of {len(rows):,} jobs would change; {patch.current:,} are set so already.")
    if patch.unheard:
        what = (
            "--destination ID adds one"
            if destination is None
            else "they have destinations for other events, which an update would replace: add one by hand"
        )
        say(f"{len(patch.unheard):,} of these tell nobody when it trips: {what}.")
    for reason, keys in sorted(patch.left_out.items(), key=lambda one: (-len(one[1]), one[0])):
        say(f"{len(keys):,} left as they are: {reason} ({keys[0]}{', ...' if keys[1:] else ''})")


def _tiers(words: str) -> frozenset[int]:
    """The tiers named, as numbers; UserError for what is none."""
    from pipeline.alert_settings import TIERS

    named = [word.strip().upper() for word in words.split(",")]
    if unknown := [word for word in named if word not in TIERS]:
        raise UserError(f"--tier: {unknown[0]!r} is none of {', '.join(TIERS)}")
    return frozenset(TIERS.index(word) + 1 for word in named)


def _refuse_without_graph() -> None:
    """The graph's steps stand beside their functions, which an engine's library is needed to read."""
    if find_spec("pyspark") is None:
        raise UserError(
            "a bundle is made from the graph, which needs pyspark: install rightrun[local]"
        )


def _generate(folder: Path) -> list[str]:
    """Write what differs, the wheel too where no deployment builds it, and say each name."""
    from pipeline.bundle.files import generated_files, is_checkout, remove_unused, write_files
    from pipeline.bundle.project import read_project
    from pipeline.bundle.wheel import write_deployed_wheel

    files = generated_files(read_project(folder))
    written = write_files(folder, files)
    if not is_checkout(folder):
        written += write_deployed_wheel(folder)
    for name in written:
        typer.echo(folder / name)
    for name in remove_unused(folder, files):
        typer.echo(f"{folder / name} removed")
        written.append(name)
    return written
