"""What several commands can be told, and the codes they exit with."""

from pathlib import Path
from typing import Annotated

import typer

NOT_IN_ORDER = 1
USER_ERROR = 2

Home = Annotated[
    Path, typer.Option(envvar="RIGHTRUN_HOME", help="Folder of the Delta tables and of MLflow.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")]
Csv = Annotated[
    bool, typer.Option("--csv", help="Print the whole answer as CSV, where it is one list.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Rows at the most: by default 50, of several lists 10 each, and all of them for --json and --csv.",
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(help="A column of --json to sort one list by; COLUMN:desc for the largest first."),
]
Team = Annotated[str | None, typer.Option(help="Only jobs of this team.")]
Owner = Annotated[str | None, typer.Option(help="Only jobs of this owner.")]
Tier = Annotated[int | None, typer.Option(help="Only jobs of this tier.")]
State = Annotated[
    str | None,
    typer.Option(help="Only jobs in this state: active, paused, deleted, undefined, submitted."),
]
EngineName = Annotated[
    str, typer.Option("--engine", envvar="RIGHTRUN_ENGINE", help="embedded, spark or databricks.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait while another command writes the tables.")]
HOME = Path(".rightrun")
ENGINE = "embedded"
