"""What several commands can be told, and the codes they exit with."""

from pathlib import Path
from typing import Annotated

import typer

NOT_IN_ORDER = 1
USER_ERROR = 2

Home = Annotated[
    Path, typer.Option(envvar="RIGHTRUN_HOME", help="Folder of the Delta tables and of MLflow.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Limit = Annotated[int, typer.Option(min=1, help="Rows at the most.")]
Team = Annotated[str | None, typer.Option(help="Only jobs of this team.")]
Owner = Annotated[str | None, typer.Option(help="Only jobs of this owner.")]
EngineName = Annotated[
    str, typer.Option("--engine", envvar="RIGHTRUN_ENGINE", help="embedded, spark or databricks.")
]
HOME = Path(".rightrun")
ENGINE = "embedded"
