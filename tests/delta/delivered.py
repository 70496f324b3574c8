"""A simulated account that arrives day by day: as the system tables of a workspace, and as an export
with the same rows, for the embedded engine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.tables.source import SOURCE_TABLES
from simulator import SimulatorConfig, simulate
from tests.delta.evidence import EVIDENCE
from tests.e2e.account import Ran
from tools.workspace.server import Workspace
from tools.workspace.system_tables import deliver

_QUIET = {"COLUMNS": "200", "PYTHONWARNINGS": "ignore"}
_CLIENT = {"TZ": "Pacific/Auckland", "RIGHTRUN_JOBS_API": "false"}
"""Neither this process's zone nor the server's; and the stand-in has no Jobs API."""
COMMAND = (sys.executable, "-m", "pipeline.cli")
ON_DELTA = ("--engine", "databricks", "--source", "databricks")


@dataclass(slots=True)
class Delivered:
    """The account in `folder`, as far as it has been delivered."""

    workspace: Workspace
    folder: Path
    until: str = ""

    @property
    def simulated(self) -> Path:
        return self.folder / "simulated"

    @property
    def export(self) -> Path:
        return self.folder / "export"

    @property
    def place(self) -> Path:
        """The empty folder in which commands run on the workspace, and leave nothing."""
        return self.folder / "place"

    def simulate(self, config: SimulatorConfig) -> list[str]:
        """Draw the account; its days."""
        simulate(config, self.simulated)
        for folder in (self.export, self.place):
            folder.mkdir()
        return sorted(file.stem for file in self.simulated.glob("billing/usage/*.parquet"))

    def deliver(self, spark: SparkSession, until: str) -> None:
        """The days after those delivered before, to both."""
        deliver(spark, self.simulated, self.until, until)
        for file in self._files():
            copy = self.export / file.relative_to(self.simulated)
            if (file.stem == "snapshot" or file.stem <= until) and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
        self.until = until

    def _files(self) -> Iterator[Path]:
        for table in (table for table in SOURCE_TABLES if table.is_system_table):
            _, schema, name = table.system_name.split(".")
            yield from (self.simulated / schema / name).glob("*.parquet")

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """A command on the workspace, in a process of its own, without waiting for its end."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.place,
            env={**os.environ, **self.workspace.environment, **_CLIENT, **_QUIET},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rightrun(self, *arguments: str) -> Ran:
        """A command on the workspace, as a shell runs it."""
        process = self.begin(*arguments)
        out, err = process.communicate()
        if process.returncode == 0:
            EVIDENCE.commands.add(arguments[0])
        return Ran(process.returncode, out, err)

    def to_the_end(self, *arguments: str) -> Ran:
        """A night after one that was killed: what the server goes on with for that one may come
        between; then this one says so, and the next one does it."""
        ran = self.rightrun(*arguments)
        while ran.code == 2 and "written by somebody else" in ran.err:
            ran = self.rightrun(*arguments)
        return ran

    def peer(self, home: Path, *arguments: str) -> Ran:
        """A night of the embedded engine over the same rows."""
        ours = self.workspace.environment
        environment = {name: value for name, value in os.environ.items() if name not in ours}
        done = subprocess.run(
            [*COMMAND, "nightly", "--source", f"export:{self.export}", "--home", home, *arguments],
            env={**environment, **_QUIET},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)
