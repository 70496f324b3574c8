"""A workspace of its own for each test that asks for one, and no credentials of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workspace.server import Server, serving


@pytest.fixture(autouse=True)
def nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [*os.environ]:
        if name.startswith(("DATABRICKS_", "ARM_", "GOOGLE_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running
