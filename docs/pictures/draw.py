"""Draws docs/pictures/nightly.svg: what a terminal shows of a real first night.

The night runs in a folder of its own over the demo's simulated account, which is simulated first
where it is not there yet. Paths of this machine are left out of the picture, and so is the font
that rich would fetch from a server when the picture is looked at.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 118
LINES = 64
ROOT = Path(__file__).parents[2]
SIMULATED = ROOT / ".rightrun" / "simulated"
PICTURE = Path(__file__).with_name("nightly.svg")
RIGHTRUN = Path(sys.executable).with_name("rightrun")
FONT = re.compile(r"@font-face\s*{.*?}", re.DOTALL)


def rightrun(*arguments: str, folder: Path) -> str:
    """What the command prints, colours included; its progress goes to the real terminal."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"}
    finished = subprocess.run(
        [RIGHTRUN, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout.replace(str(folder), "~/rightrun")


def main() -> None:
    if not (SIMULATED / "simulation.json").exists():
        rightrun("simulate", folder=ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / ".rightrun").mkdir()
        (folder / ".rightrun" / "simulated").symlink_to(SIMULATED)
        printed = rightrun("nightly", folder=folder).splitlines()
    if len(printed) > LINES:
        printed = [*printed[:LINES], "…"]
    terminal = Console(record=True, width=COLUMNS, force_terminal=True, file=io.StringIO())
    terminal.print(Text.from_ansi("\n".join(["$ rightrun nightly", *printed])))
    picture = FONT.sub("", terminal.export_svg(title="rightrun nightly", unique_id="nightly"))
    lines = [line.rstrip() for line in picture.splitlines() if line.strip()]
    PICTURE.write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
