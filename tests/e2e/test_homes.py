"""Every command says so when the home it is asked about is not there, and makes none by asking."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import UserError

SHOWN = ("jobs", "failing", "costs", "sla", "anomalies", "rightsizing", "quality")


@pytest.mark.parametrize(
    "command",
    [
        *(("show", what) for what in SHOWN),
        ("show", "job", "1/1"),
        ("show", "chain", "1/1"),
        ("sla", "list"),
        ("sla", "propose"),
        ("sla", "accept", "1/1"),
        ("anomalies", "mark", "1", "expected", "--why", "a migration"),
        ("anomalies", "unmark", "1"),
        ("sql", "select 1"),
        ("history", "gold.jobs"),
        ("maintain",),
        ("migrate",),
        ("migrate", "--dry-run"),
        ("ddl",),
        ("evaluate",),
        ("nightly",),
        ("watch",),
    ],
    ids=" ".join,
)
def test_a_home_that_is_not_there_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    home = tmp_path / "nowhere"
    ended = CliRunner().invoke(app, [*command, "--home", str(home)])
    assert isinstance(ended.exception, UserError)
    assert str(home) in str(ended.exception)
    assert not home.exists()


@pytest.mark.parametrize("command", [("nightly", "--source", "databricks"), ("maintain",)])
def test_a_file_is_no_home(tmp_path: Path, command: tuple[str, ...]) -> None:
    home = tmp_path / "a-file"
    home.write_text("not a home")
    ended = CliRunner().invoke(app, [*command, "--home", str(home)])
    assert isinstance(ended.exception, UserError)
    assert str(home) in str(ended.exception)
