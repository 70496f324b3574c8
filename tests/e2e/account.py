"""A simulated account and its first night, made once through the real command line."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def rightrun(*arguments: str | Path, cwd: Path) -> Ran:
    """Run the installed command in a process of its own, wide enough that no cell is cut."""
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

    def run(self, *arguments: str | Path) -> Ran:
        return rightrun(*arguments, cwd=self.root)

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
    assert first.code == 0, first.err
    (root / "first.txt").write_text(first.out)
    return account
