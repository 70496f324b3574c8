"""A workspace whose Jobs API lists runs, and no credentials of this machine."""

from collections.abc import Iterator

import pytest

from tests.watch.jobs import Jobs
from tests.workspace.conftest import nobody_logged_in
from tests.workspace.server import serving

__all__ = ["nobody_logged_in"]


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with serving() as running:
        yield Jobs(running)
