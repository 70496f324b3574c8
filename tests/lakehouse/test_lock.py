"""One writer a home, across processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.lakehouse.folder.lock import home_lock

_HOLD = """
import sys, time
from pathlib import Path
from pipeline.lakehouse.folder.lock import home_lock
with home_lock(Path(sys.argv[1])):
    (Path(sys.argv[1]) / ".staging" / "half").mkdir(parents=True)
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):  # type: ignore[no-untyped-def]
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_writer_is_told_who_is_first(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(UserError, match=rf"written by process {holder.pid} since 20\d\d-.*--wait"),
        home_lock(tmp_path),
    ):
        pass


def test_a_killed_holder_frees_the_home_and_its_leftovers_go(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".staging" / "half").exists()
    with home_lock(tmp_path):
        assert not (tmp_path / ".staging").exists()
        (tmp_path / ".staging").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_waiting_gets_the_lock_when_the_holder_ends(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    waiting = "import sys; from pathlib import Path; from pipeline.lakehouse.folder.lock import home_lock\n"
    waiting += "with home_lock(Path(sys.argv[1]), wait=True): print('mine')"
    second = subprocess.Popen(
        [sys.executable, "-c", waiting, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    assert second.poll() is None, "it waits"
    holder.kill()
    out, _ = second.communicate(timeout=20)
    assert (second.returncode, out) == (0, "mine\n")


def test_a_home_can_be_held_again_after_release(tmp_path: Path) -> None:
    for _ in range(2):
        with home_lock(tmp_path), pytest.raises(UserError), home_lock(tmp_path):
            pass
