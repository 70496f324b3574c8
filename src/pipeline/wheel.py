"""RightRun's wheel, made again from what is running: a model is served by the code that made it, and the
workers of an engine elsewhere compute with the code that asks them.

A model that asked an index for the name `rightrun` would get whatever somebody has put there.
"""

import base64
import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import optimizer
import pipeline

_NAME = "rightrun"
_COPIED = ("METADATA", "entry_points.txt", "licenses/LICENSE")
_TAGS = "Wheel-Version: 1.0\nGenerator: rightrun\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def packages() -> dict[str, Path]:
    """The folders of what a wheel holds, by their place in it."""
    folders = {package.__name__: Path(package.__path__[0]) for package in (optimizer, pipeline)}
    return {**folders, "pipeline/models": models_folder()}


def models_folder() -> Path:
    """Where the models-from-code files are: in the wheel, or beside `src` in a checkout."""
    packaged = Path(pipeline.__path__[0]) / "models"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "models"


def write_wheel(folder: Path, more: Mapping[str, Path] | None = None) -> Path:
    """The wheel, in `folder`; the same code gives the same bytes.

    It holds what a model is served by, and `more`: folders by their place in the wheel.
    """
    installed = metadata.distribution(_NAME)
    info = f"{_NAME}-{installed.version}.dist-info"
    file = folder / f"{_NAME}-{installed.version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in (
            *_sources({**packages(), **(more or {})}),
            *(
                (f"{info}/{entry}", (installed.read_text(entry) or "").encode())
                for entry in _COPIED
            ),
            (f"{info}/WHEEL", _TAGS.encode()),
        ):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            record.append(f"{name},sha256={digest.decode()},{len(content)}\n")
            wheel.writestr(_entry(name), content)
        wheel.writestr(_entry(f"{info}/RECORD"), "".join([*record, f"{info}/RECORD,,\n"]))
    return file


def unpacked(wheel: Path, package: str) -> Path:
    """A package of the wheel, in a folder beside it: unlike where it is installed, whoever copies it may
    remove the copy."""
    folder = wheel.with_suffix("")
    with zipfile.ZipFile(wheel) as archive:
        of_package = (name for name in archive.namelist() if name.startswith(f"{package}/"))
        archive.extractall(folder, of_package)
    return folder / package


def _sources(folders: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    named = {
        f"{place}/{file.relative_to(folder).as_posix()}": file
        for place, folder in folders.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    for name in sorted(named):
        yield name, named[name].read_bytes()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # Its time is 1980, whenever it is written.
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
