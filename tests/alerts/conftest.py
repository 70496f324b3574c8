"""Receivers that only these tests trust."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.certificates import make_certificate
from tests.alerts.receivers import Receiver, receiving


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


@pytest.fixture
def receiver(trusted: Path) -> Iterator[Receiver]:
    with receiving(trusted) as running:
        yield running
