"""A bundle as `init` writes it, and copies of it to damage."""

import shutil
from pathlib import Path

import pytest

from pipeline.bundle.files import first_files, generated_files, write_files
from pipeline.bundle.project import read_project
from pipeline.bundle.wheel import write_deployed_wheel


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    folder: Path = tmp_path_factory.mktemp("bundle") / "my hömé (x) 50%"
    folder.mkdir()
    write_files(folder, first_files(folder))
    write_files(folder, generated_files(read_project(folder)))
    write_deployed_wheel(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy for one test."""
    copy: Path = tmp_path / "bundle"
    shutil.copytree(whole, copy)
    return copy
