"""What of an error people may read: no secret that looks like one, and one short line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.watch.error_line import error_line

SECRETS = {
    "password=hunter2-canary": "hunter2",
    'mount failed: {"fs.azure.account.key": "canaryCanary+/=="}': "canary",
    "Invalid access token: dapi0123456789abcdef0123": "dapi0123",
    "java.sql.SQLException: jdbc:postgresql://db.example.com:5432/x?user=u&password=hunter2 refused": "hunter2",
    "fatal: https://ana:hunter2@git.example.com/x.git not found": "hunter2",
    "fatal: https://git.example.com/hooks/T0CANARY/B1/secret": "CANARY",
    "403 for https://a.blob.core.windows.net/c?sig=canary%2Bx&se=2026": "canary",
    "Authorization: Bearer canary.canary.x": "canary",
    "wrong key AKIAIOSFODNN7EXAMPLE": "AKIAIOSFODNN7EXAMPLE",
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc is expired": "eyJhbGci",
    "no such user ana.b+c@example.co.uk": "ana.b",
    "bad row: card 4111 1111 1111 1111": "1111",
    "call +49 170 1234567": "1234567",
    "bad hash 9f86d081884c7d659a2feaa0c55ad015": "9f86",
    "API_KEY: 'hunter2 and more'": "hunter2",
    "db_password => hunter2": "hunter2",
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCY": "wJalr",
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.items())
def test_no_secret_is_left(text: str, secret: str) -> None:
    line = error_line(text)
    assert line is not None
    assert secret not in line


@pytest.mark.parametrize(
    "text",
    [
        "ModuleNotFoundError: No module named 'pandas'",
        "org.apache.spark.sql.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] `main`.`sales`.`orders` cannot be found",
        "ValueError: 17 of 1024 rows have no id",
        "Workload failed, see run output for details",
        "KeyError: 'customer_id'",
    ],
)
def test_what_says_what_is_wrong_stays(text: str) -> None:
    assert error_line(text) == text


@given(st.text() | st.none() | st.integers())
def test_it_is_one_short_line_or_none(text: object) -> None:
    line = error_line(text)
    if line is not None:
        assert 0 < len(line) <= 200
        assert line.isprintable()


def test_a_long_and_hostile_text_is_cut_in_no_time() -> None:
    assert len(error_line("a@" * 5_000_000) or "") <= 200
    assert error_line("\n \t\n\x1b[1mfirst\x1b[0m\x07 line\nsecond") == "first line"
    assert (error_line("word " * 100) or "").endswith("…")
