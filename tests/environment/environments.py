"""Clean environments of Python 3.12 as serverless compute has them, and the wheel installed there as it is.

The pins are those of `serverless-5.txt` and `serverless-6.txt`; of the packages there, those come into an
environment that the wheel has to do with, the rest of the base has nothing to be moved by.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENT = "databricks-connect"
X86_64, AARCH64 = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
_PYTHON = "3.12"
_UV = Path(sys.prefix) / "uv" / "bin" / "uv"
_CERTIFICATES = "--system-certs"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment with the wheel in it, and its packages before and after the wheel came, with versions."""

    folder: Path
    before: dict[str, str]
    after: dict[str, str]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"


def pins_file(number: int) -> Path:
    return Path(__file__).parent / f"serverless-{number}.txt"


def pins(number: int) -> dict[str, str]:
    """The base of a serverless environment: versions by package, the client among them."""
    return _versions(pins_file(number).read_text(encoding="utf-8").splitlines())


def resolved(number: int, platform: str) -> dict[str, str]:
    """What the wheel needs beside the base of an environment, as wheels for `platform`; an error where one
    is missing, or where two cannot agree."""
    arguments = [
        "--python-version",
        _PYTHON,
        "--python-platform",
        platform,
        "--only-binary",
        ":all:",
    ]
    constraint = ["--constraint", str(pins_file(number))]
    answer = _uv(
        "pip", "compile", *arguments, *constraint, "--no-header", "--no-annotate", "pyproject.toml"
    )
    return _versions(answer.splitlines())


def wheel(folder: Path) -> Path:
    """The wheel that is deployed, in `folder`."""
    _run(
        [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "--target",
            "wheel",
            "--directory",
            str(folder),
        ]
    )
    (file,) = folder.glob("*.whl")
    return file


def environment(folder: Path, number: int, ours: Path | None) -> Environment:
    """The base of a serverless environment, and then the wheel `ours`, without being told of any pin; None
    leaves its dependencies there without it."""
    _uv("venv", "--python", _python(), str(folder))
    python = ["--python", str(folder / "bin" / "python")]
    base = pins(number)
    needed = resolved(number, X86_64)
    requirements = [f"{name}=={version}" for name, version in needed.items() if name in base]
    constraint = ["--constraint", str(pins_file(number))]
    _uv("pip", "install", *python, *constraint, CLIENT, *requirements)
    before = _versions(_uv("pip", "freeze", *python).splitlines())
    if ours is not None:
        _uv("pip", "install", *python, str(ours))
    else:
        _uv("pip", "install", *python, *constraint, *_others(needed, base))
    after = _versions(_uv("pip", "freeze", *python).splitlines())
    return Environment(folder, before, after)


def _others(needed: dict[str, str], base: dict[str, str]) -> list[str]:
    return [f"{name}=={version}" for name, version in needed.items() if name not in base]


def _versions(lines: Iterable[str]) -> dict[str, str]:
    pinned = (line.split("==") for line in lines if "==" in line)
    return {name.strip(): version.strip() for name, version in pinned}


def _python() -> str:
    """Python 3.12: this one, one on the path, or pyenv's newest."""
    if sys.version_info[:2] == (3, 12):
        return sys.executable
    found = shutil.which(f"python{_PYTHON}")
    # One of pyenv may be on the path and only say that another is chosen.
    if found and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0:
        return found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    versions = sorted((root / "versions").glob(f"{_PYTHON}.*"), key=lambda one: len(one.name))
    assert versions, f"Python {_PYTHON} is needed here, as serverless compute has it"
    return str(versions[-1] / "bin" / "python")


def _uv(*arguments: str) -> str:
    return _run([str(_UV), *arguments, "--quiet", _CERTIFICATES])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done.stdout
