"""The page of an evaluation in a real browser: Debian's Chromium, without a network."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.page import page
from tests.evaluation.logs import HOSTILE, log

WIDTHS = (390, 1200)
ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# The contrast of every visible text with what is painted behind it (WCAG 2.2, 1.4.3), lowest first.
CONTRASTS = """
() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(
      v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const painted = rgb(getComputedStyle(at).backgroundColor);
      if (painted.length === 3 || painted[3] === 1) return painted;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll('main *')) {
    const own = [...node.childNodes].some(one => one.nodeType === 3 && one.data.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const inks = node instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(rgb(inks)), light(behind(node))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent.trim()]);
  }
  return found.sort((one, other) => one[0] - other[0]);
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "pages are opened in Chromium, and none was found: see make prerequisites"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=ALONE)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "evaluation.html"
    written.write_text(page(evaluate(log(), peers=False), HOSTILE[0]))
    return written


def _open(browser: Browser, file: Path, heard: list[Any], **options: Any) -> Page:
    shown = browser.new_page(**options)
    shown.on("console", lambda message: heard.append(message.text))
    shown.on("pageerror", lambda error: heard.append(str(error)))
    shown.on("dialog", lambda dialog: heard.append(dialog.message))
    shown.on("request", lambda request: heard.append(request.url))
    shown.goto(file.as_uri())
    closed = shown.locator("details:not([open]) > summary")
    for _ in range(closed.count()):
        closed.first.click()
    return shown


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_read_in_any_light_and_width(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    heard: list[Any] = []
    size = {"width": width, "height": 900}
    shown = _open(browser, file, heard, viewport=size, color_scheme=scheme)
    # The page itself is all that was asked for, and nothing in it spoke or failed.
    assert heard == [file.as_uri()]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert all(picture.is_visible() for picture in shown.locator("svg").all())
    assert shown.locator("svg").count() == 7
    contrasts = shown.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert contrasts[0][0] >= 4.5, contrasts[:5]
    shown.close()


def test_tables_fit_a_laptop(browser: Browser, file: Path) -> None:
    shown = _open(browser, file, [], viewport={"width": 1200, "height": 900})
    hidden = "[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
    assert max(shown.evaluate(hidden)) == 0
    shown.close()
