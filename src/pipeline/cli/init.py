"""Setting up on a workspace: what it has of all that RightRun needs, and the home's settings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import HOME, NOT_IN_ORDER, Home, Json
from pipeline.cli.printing import Form, Hints, print_records, progress_bar

if TYPE_CHECKING:  # what `--help` does without
    from rich.text import Text

    from pipeline.workspace.finding import Finding

commands = typer.Typer()

_RETRY_SECONDS = 30
"""Somebody waits: a workspace that does not answer is said sooner than at night."""
_COMMAND = "databricks "
"""How what is no SQL begins."""
_COLOURS = {"ok": "green", "missing": "red", "not known": "yellow"}


@commands.command()
def init(
    home: Home = HOME,
    catalog: Annotated[
        str | None, typer.Option(help="Catalog for RightRun's own tables; rightrun by default.")
    ] = None,
    warehouse: Annotated[
        str | None, typer.Option(help="Name or id of a SQL warehouse; a serverless one by default.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write rightrun.yml anew where there is one.")
    ] = False,
    json_: Json = False,
) -> None:
    """Say what a workspace has of all that RightRun needs, with the SQL or command that mends what is
    missing, and write the home's rightrun.yml. Changes nothing in the workspace.

    Exits 1 when something is missing without which no night can run.
    """
    from pipeline.answers.terminal.screen import printed, screen
    from pipeline.settings import load_settings
    from pipeline.workspace.connection import Workspace
    from pipeline.workspace.survey import survey
    from pipeline.workspace.system_catalogs import system_catalogs

    settings = load_settings(home)
    workspace = Workspace.connect(_RETRY_SECONDS)
    own_catalog = catalog or settings.catalog
    findings = []
    with progress_bar(json_) as bar:
        task = bar.add_task("asking", total=None)
        for finding in survey(
            workspace, own_catalog, system_catalogs(settings.system_catalog), warehouse
        ):
            findings.append(finding)
            bar.update(task, description=finding.item, completed=len(findings))
    file = home / "rightrun.yml"
    is_written = overwrite or not file.exists()
    if is_written:
        _write(file, own_catalog, settings.system_catalog, findings)
    if json_:
        print_records("", [_record(finding) for finding in findings], Form(json_))
    else:
        hints = Hints(home)
        printed(screen(), _lines(findings))
        typer.echo(
            f"Settings: {file} ({'written' if is_written else 'kept; --overwrite writes it anew'})"
        )
        check = hints.command("check --source databricks --engine databricks")
        typer.echo(f"Next: {check}, until it says that a night would run; then the bundle.")
    if any(finding.stops for finding in findings):
        raise typer.Exit(NOT_IN_ORDER)


def _write(
    file: Path,
    own_catalog: str,
    system_catalog: str | dict[str, str],
    findings: "Sequence[Finding]",
) -> None:
    from pipeline.workspace.settings_file import settings_text

    values = {finding.item: finding.value for finding in findings if finding.value}
    warehouse = values.get("warehouse")
    heading = [
        "Settings of RightRun, written by rightrun init; docs/settings.md has all of them.",
        f"Asked as {values['identity']}.",
        *([f"SQL warehouse for the bundle: {warehouse}"] if warehouse else []),
    ]
    text = settings_text(
        heading,
        {
            "catalog": own_catalog,
            "system_catalog": system_catalog,
            "model_prefix": f"{own_catalog}.model",
        },
        ("experiment", "currency_code", "jobs_api"),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _record(finding: "Finding") -> dict[str, object]:
    """One finding as a script reads it."""
    return {
        "item": finding.item,
        "state": str(finding.state),
        "explanation": finding.explanation,
        "mends": list(finding.mends),
        "is_needed": finding.is_needed,
        "value": finding.value or None,
    }


def _lines(findings: "Sequence[Finding]") -> "Iterator[Text]":
    """A line for each finding, and below it what mends it, where no line before has said so."""
    from rich.text import Text

    width = max(len(finding.item) for finding in findings)
    shown = set[str]()
    for finding in findings:
        line = Text(f"{finding.state:<10}", style=_COLOURS[finding.state])
        line.append(f"{finding.item:<{width}}  {finding.explanation}", style="default")
        yield line
        for mend in finding.mends:
            if mend not in shown:
                yield Text(
                    f"{'':<10}{mend}{'' if mend.startswith(_COMMAND) else ';'}", style="bold"
                )
        shown.update(finding.mends)
    if any(finding.stops for finding in findings):
        yield Text("No night can run here yet.", style="bold")
