"""`make test` on a bare machine: what it needs is installed, or named in one command."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "prerequisites"
PACKAGES = "openjdk-17-jre-headless chromium maven"
_JAVA = "#!/bin/sh\necho 'openjdk version \"17.0.9\" 2023-10-17' >&2\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs without Java, Chromium and Maven, whose user is root."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "sed", "head", "cat", "chmod"):
        (programs / name).symlink_to(str(shutil.which(name)))
    _program(programs / "id", "#!/bin/sh\necho 0\n")
    return programs


def _program(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def _apt_get(machine: Path, installs: str) -> None:
    """An apt-get that writes down what it is asked, and does `installs` when it is to install."""
    log = machine.parent / "asked"
    text = f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" = update ] || {{ {installs}; }}\n'
    _program(machine / "apt-get", text)


def _run(machine: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(machine), "VENV": sys.prefix}
    return subprocess.run(
        [str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )


def test_root_gets_what_is_missing(machine: Path) -> None:
    (machine.parent / "java").write_text(_JAVA)
    java, others = machine / "java", f"{machine}/chromium {machine}/mvn"
    _apt_get(
        machine,
        f"cat {machine.parent}/java > {java}; for one in {others}; do echo > $one; done;"
        f" chmod 755 {java} {others}",
    )
    done = _run(machine)
    assert (done.returncode, done.stderr) == (0, "")
    asked = (machine.parent / "asked").read_text().splitlines()
    assert [line.split()[0] for line in asked] == ["update", "install"]
    assert asked[1].endswith(f"--no-install-recommends {PACKAGES}")
    again = _run(machine)
    assert (again.returncode, again.stdout) == (0, "")
    assert len((machine.parent / "asked").read_text().splitlines()) == 2


@pytest.mark.parametrize("user", ["0", "1000"])
def test_who_cannot_install_is_told_the_one_command(machine: Path, user: str) -> None:
    _program(machine / "id", f"#!/bin/sh\necho {user}\n")
    if user == "0":
        _apt_get(machine, "false")
    done = _run(machine)
    assert done.returncode == 2
    assert f"apt-get install -y --no-install-recommends {PACKAGES}'" in done.stderr


def test_an_old_java_is_none(machine: Path) -> None:
    _program(machine / "java", _JAVA.replace("17.0.9", "11.0.2"))
    for name in ("chromium", "mvn"):
        _program(machine / name, "")
    done = _run(machine)
    assert done.returncode == 2
    assert "--no-install-recommends openjdk-17-jre-headless'" in done.stderr
