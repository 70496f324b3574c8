"""Only this machine, only reading, and nothing of elsewhere."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from pipeline.dashboards.dashboard import PAGES
from pipeline.dashboards.home.guard import POLICY
from tests.dashboards.home.conftest import Served


def _ask(
    served: Served, path: str, method: str = "GET", **headers: str
) -> tuple[int, Mapping[str, str], str]:
    place = urlsplit(served.address)
    connection = http.client.HTTPConnection("127.0.0.1", place.port or 0, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"Host": place.netloc, **named})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, text


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "evil.example:80", "localhost.:1", ""]
)
def test_another_host_is_refused(pages: Served, host: str) -> None:
    status, headers, text = _ask(pages, "/cost", Host=host)
    assert status in (400, 421)
    assert "List cost" not in text
    assert status == 400 or headers["content-security-policy"] == POLICY


def test_localhost_is_this_machine_too(pages: Served) -> None:
    port = urlsplit(pages.address).port
    assert _ask(pages, "/cost", Host=f"localhost:{port}")[0] == 200


def test_another_origin_is_refused(pages: Served) -> None:
    for origin in ("https://evil.example", "null", pages.address + "1"):
        assert _ask(pages, "/cost/figures.json", Origin=origin)[0] == 403
    assert _ask(pages, "/cost/figures.json", Origin=pages.address)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed(pages: Served, method: str) -> None:
    assert _ask(pages, "/cost", method)[0] == 405


def test_every_reply_carries_the_policy(pages: Served) -> None:
    for path in (
        "/",
        "/cost",
        "/cost/figures.json",
        "/assets/page.js",
        "/nowhere",
        "/cost?date.min=x",
    ):
        status, headers, _ = _ask(pages, path)
        assert status in (200, 302, 400, 404)
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    assert "'unsafe" not in POLICY
    assert "http" not in POLICY


def test_no_page_has_a_script_or_a_style_within(pages: Served) -> None:
    for page in PAGES:
        _, _, text = _ask(pages, f"/{page.name}")
        assert text.count("<script") == 1
        assert "<style" not in text
        assert " style=" not in text
        assert " onload=" not in text.replace("&lt;svg onload=", "")


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/nowhere", 404, "There is no such page."),
        ("/cost/nothing.csv", 404, "There is no such widget on this page."),
        ("/assets/..%2fapp.py", 404, "There is no such"),
        ("/assets/%2e%2e/app.py", 404, "There is no such"),
        ("/cost?date.min=2026-13-01", 400, "Date.min is no day: write it as 2026-01-31."),
        (
            "/cost?jobs_by_cost.page=-1",
            400,
            "Jobs_by_cost.page is no number of a page: write it as 2.",
        ),
        ("/cost?jobs_by_cost.page=999999", 200, "Cost"),
        ("/cost?jobs_by_cost.sort=nothing&team=&unknown=1", 200, "Cost"),
    ],
)
def test_an_address_that_is_wrong_is_answered_in_a_sentence(
    pages: Served, path: str, status: int, sentence: str
) -> None:
    replied, _, text = _ask(pages, path)
    assert replied == status
    assert sentence in text
