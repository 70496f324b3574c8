"""A simulated account and its first night, made once through the real command line."""

import io
import json
import os
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.app import main

JOBS = 40
DAYS = 12
END = "2026-01-26T00:00:00Z"
"""A week after the way of slicing changed."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def rightrun(*arguments: str | Path, cwd: Path, width: int = 200) -> Ran:
    """Run the command as its entry point does, in `cwd`, for a terminal of `width` columns.

    In this process, whose engine is up: a process of its own spends seconds on imports.
    """
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(cwd)
        patched.setenv("COLUMNS", str(width))
        patched.setattr(sys, "argv", ["rightrun", *map(str, arguments)])
        with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow warns of itself
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def rightrun_alone(*arguments: str | Path, cwd: Path) -> Ran:
    """Run the command in a process of its own, as a shell does."""
    environment = {**os.environ, "COLUMNS": "200", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Account:
    """Where the account's export and its home are."""

    root: Path

    @property
    def export(self) -> Path:
        return self.root / "export"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def run(self, *arguments: str | Path, width: int = 200) -> Ran:
        return rightrun(*arguments, cwd=self.root, width=width)

    def nightly(self, *arguments: str | Path) -> Ran:
        return self.run(
            "nightly", "--source", f"simulated:{self.export}", "--home", self.home, *arguments
        )


def made(root: Path) -> Account:
    """Simulate and run the first night, as of the last moment simulated."""
    account = Account(root)
    simulated = account.run(
        "simulate", "--out", account.export, "--jobs", str(JOBS), "--days", str(DAYS), "--end", END
    )
    assert simulated.code == 0, simulated.err
    first = account.nightly("--as-of", END)
    # Nobody watches a night: its log has no bar, and no blank line in its place.
    assert (first.code, first.err) == (0, "")
    (root / "first.txt").write_text(first.out)
    return account
