"""Every page in Chromium: what it shows is Gold, and anybody can read it, in any light and width."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser
from pyspark.sql import SparkSession

from pipeline.dashboards.dashboard import PAGES
from pipeline.dashboards.formats import Kind
from pipeline.dashboards.page import Chart, Counter, Page, Table
from pipeline.lakehouse.folder.tables import DeltaFolder
from tests.dashboards.home.conftest import HOSTILE_NAMES, Served, tab

AXE = Path(__file__).parent / "axe/axe.js"
_EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
_TALL = 4_000
"""Pixels that show a whole page, and so all of its charts."""


@_EACH_PAGE
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1920, "light")])
def test_a_page_is_read_in_any_light_and_width(
    browser: Browser, pages: Served, page: Page, width: int, scheme: Literal["light", "dark"]
) -> None:
    size = {"width": width, "height": _TALL}
    with tab(browser, pages, viewport=size, color_scheme=scheme) as watched:
        shown = watched.page
        shown.goto(f"{pages.address}/{page.name}")
        watched.settle()
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        drawn = shown.locator(".canvas:not([hidden]) svg")
        assert drawn.count() == shown.locator(".canvas:not([hidden])").count()
        # Playwright's own world: the page's policy would refuse a script that is put into the page.
        shown.evaluate(AXE.read_text(encoding="utf-8"))
        found = shown.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [_brief(one) for one in found["violations"]] == []
        assert len(found["passes"]) > 20


def _brief(violation: dict[str, Any]) -> tuple[str, list[str]]:
    return violation["id"], [node["html"][:160] for node in violation["nodes"]][:4]


@_EACH_PAGE
def test_figures_equal_gold_to_the_last_digit(
    browser: Browser, pages: Served, page: Page, spark: SparkSession
) -> None:
    """The SQL over the tables themselves, beside what the page read of its copies."""
    lakehouse = DeltaFolder(pages.home, spark)
    of_dataset = {}
    for dataset in page.datasets:
        sql = dataset.bound({})
        for table in dataset.tables:
            view = f"of_test_{table.name}"
            lakehouse.read(table).createOrReplaceTempView(view)
            sql = _renamed(sql, table.name, view)
        of_dataset[dataset.name] = spark.sql(sql).toArrow().to_pylist()
    compared = 0
    with tab(browser, pages) as watched:
        watched.page.goto(f"{pages.address}/{page.name}")
        for widget in page.widgets:
            rows = of_dataset[widget.dataset.name]
            place = watched.page.locator(f'[data-figures="{widget.name}"]')
            exact = [float(text) for text in place.locator("data").evaluate_all(_VALUES)]
            if isinstance(widget, Counter):
                columns, rows = [widget.value], rows[:1]
            elif isinstance(widget, Table):
                columns, rows = list(widget.columns), rows[: place.locator("tbody tr").count()]
                total = len(of_dataset[widget.dataset.name])
                if total > len(rows):
                    assert place.locator(".turn p").inner_text().endswith(f"of {total:,}")
            else:
                assert isinstance(widget, Chart)
                continue
            numbers = {
                column.name
                for column in widget.dataset.columns
                if column.format.kind in (Kind.NUMBER, Kind.SHARE, Kind.MONEY)
            }
            expected = [
                float(row[name])
                for row in rows
                for name in columns
                if name in numbers and row[name] is not None
            ]
            # An engine adds numbers of floating point in the order of its files.
            assert exact == pytest.approx(expected, rel=1e-12, abs=0), widget.name
            compared += len(expected)
    assert compared > 3


_VALUES = "every => every.map(one => one.value)"


def _renamed(sql: str, table: str, view: str) -> str:
    for word in ("FROM", "JOIN"):
        for end in (" ", "\n"):
            sql = sql.replace(f"{word} {table}{end}", f"{word} {view}{end}")
    return sql


def test_hostile_names_are_text(browser: Browser, pages: Served) -> None:
    with tab(browser, pages, viewport={"width": 1200, "height": 900}) as watched:
        page = watched.page
        page.goto(f"{pages.address}/job")
        watched.settle()
        choices = page.locator("select[name=job] option").all_inner_texts()
        for name in HOSTILE_NAMES:
            assert any(name.split("  ")[0][:200] in choice for choice in choices), name
        for choice in page.locator("select[name=job] option").evaluate_all(_VALUES):
            if any(choice.startswith(name) for name in HOSTILE_NAMES):
                page.select_option("select[name=job]", choice)
                watched.settle()
                assert "taken" not in page.title()
                assert page.evaluate("document.documentElement.scrollWidth") <= 1200
        links = page.locator("a").evaluate_all("every => every.map(one => one.href)")
        assert not [link for link in links if not link.startswith("http")]
