from pathlib import Path

import pytest

from tests.e2e.account import Account, made


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """One account for all end-to-end tests; they read it and run nights that change nothing. Its
    place has a name as people choose them, so every command is held to work there."""
    root: Path = tmp_path_factory.mktemp("account") / "my hömé (x) 50%"
    root.mkdir()
    return made(root)
