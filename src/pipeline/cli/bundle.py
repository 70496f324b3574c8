"""What is deployed to a workspace, written and checked on a machine that has none."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import NOT_IN_ORDER, Json
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
