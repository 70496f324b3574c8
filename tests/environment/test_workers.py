"""Workers of a remote engine whose environment lacks our code are sent it."""

import subprocess
from pathlib import Path

from tests.environment.environments import ROOT, environment, wheel
from tools.workspace.server import serving

_NUMBER = 5


def test_workers_without_our_code_are_sent_it(tmp_path: Path) -> None:
    bare = environment(tmp_path / "bare", _NUMBER, None)
    ours = environment(tmp_path / "ours", _NUMBER, wheel(tmp_path))
    with serving(tmp_path / "server", python=str(bare.python)) as workspace:
        done = subprocess.run(
            [ours.python, ROOT / "tests" / "environment" / "shipped.py"],
            env={"SPARK_REMOTE": workspace.remote, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    place, twice = done.stdout.split()
    assert "rightrun.zip" in place
    assert float(twice) == 42
