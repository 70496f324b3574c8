"""Pages as a person uses them: filters, sorting, turning, drilling down, going back; by keyboard alone, and
without a script."""

import csv
import io
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

from playwright.sync_api import Browser, expect

from tests.dashboards.home.conftest import Served, Watched, tab

_WIDE = {"width": 1300, "height": 900}


def _query(watched: Watched) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(watched.page.url).query))


def _first_team(watched: Watched) -> str:
    box = watched.page.locator("input[name=team]").first
    return str(box.get_attribute("value"))


def test_a_filter_is_in_the_address_and_the_way_back_undoes_it(
    browser: Browser, pages: Served
) -> None:
    with tab(browser, pages, viewport=_WIDE) as watched:
        page = watched.page
        page.goto(f"{pages.address}/cost")
        watched.settle()
        jobs = page.locator('[data-figures="jobs"] .value')
        every = jobs.inner_text()
        loaded = page.evaluate("performance.timeOrigin")
        page.locator("[data-filter=team] summary").click()
        page.locator("input[name=team]").first.check()
        team = _first_team(watched)
        expect(page.locator("#chosen")).to_contain_text(team)
        watched.settle()
        assert _query(watched) == {"team": team}
        filtered = jobs.inner_text()
        page.locator("#jobs_by_cost th a").nth(0).click()
        expect(page.locator("#jobs_by_cost th[aria-sort]")).to_have_count(1)
        assert _query(watched) == {"team": team, "jobs_by_cost.sort": "name"}
        page.go_back()
        expect(page.locator("#jobs_by_cost th[aria-sort]")).to_have_count(0)
        page.go_back()
        expect(jobs).to_have_text(every)
        expect(page.locator("input[name=team]:checked")).to_have_count(0)
        page.go_forward()
        expect(jobs).to_have_text(filtered)
        expect(page.locator("input[name=team]:checked")).to_have_count(1)
        assert page.evaluate("performance.timeOrigin") == loaded, "all of it on one page"
        page.reload()
        expect(jobs).to_have_text(filtered)


def test_a_job_is_reached_from_a_row_with_the_filters_kept(browser: Browser, pages: Served) -> None:
    with tab(browser, pages, viewport=_WIDE) as watched:
        page = watched.page
        page.goto(f"{pages.address}/cost?date.min=2020-01-02")
        link = page.locator("#jobs_by_cost tbody a[href^='/job']").first
        name = link.inner_text()
        link.click()
        expect(page.locator("h1")).to_have_text("Job")
        assert _query(watched)["date.min"] == "2020-01-02"
        expect(page.locator("#who tbody")).to_contain_text(name[:60])
        chosen = page.locator("select[name=job]").evaluate("one => one.selectedOptions[0].text")
        assert _query(watched)["job"] in chosen
        page.go_back()
        expect(page.locator("h1")).to_have_text("Cost")


def test_by_keyboard_alone(browser: Browser, pages: Served) -> None:
    """From the address line: past the pages to a filter, into it, and to a table that is sorted."""
    with tab(browser, pages, viewport=_WIDE) as watched:
        page = watched.page
        page.goto(f"{pages.address}/cost")
        watched.settle()
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the figures")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_contain_text("Workspace")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("type") == "search":
            page.keyboard.press("Tab")
        for count in (1, 2):  # The first workspace alone has no cost.
            page.keyboard.press("Space")
            expect(page.locator("#chosen li")).to_have_count(count + 1)
            watched.settle()
            page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Escape")
        expect(page.locator("details.filter[open]")).to_have_count(0)
        expect(page.locator(":focus")).to_contain_text("Workspace")
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.key") == "jobs_by_cost.5":
                break
        page.keyboard.press("Enter")
        expect(page.locator("#jobs_by_cost th[aria-sort=descending]")).to_contain_text("List cost")
        expect(page.locator(":focus")).to_contain_text("List cost")
        assert page.locator("#status").inner_text() == "The figures have been brought up to date."


def test_without_a_script_a_page_is_whole(browser: Browser, pages: Served) -> None:
    with tab(browser, pages, viewport=_WIDE, java_script_enabled=False) as watched:
        page = watched.page
        page.goto(f"{pages.address}/cost")
        expect(page.get_by_text("This browser runs no script")).to_be_visible()
        page.locator("#cost_by_day summary").click()
        expect(page.locator("#cost_by_day tbody tr").first).to_be_visible()
        page.locator("[data-filter=team] summary").click()
        page.locator("input[name=team]").first.check()
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("#chosen li").first).to_be_visible()
        assert "team" in _query(watched)
        page.locator("#jobs_by_cost th a").first.click()
        assert _query(watched)["jobs_by_cost.sort"] == "name"


def test_tables_are_whole_as_csv(pages: Served) -> None:
    """Unrounded, filtered as the page is, and nothing that a spreadsheet would carry out."""
    with urlopen(f"{pages.address}/cost/jobs_by_cost.csv", timeout=30) as reply:
        assert reply.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(reply.read().decode())))
    assert len(rows) > 5
    assert "'=cmd|' /C calc'!A0" in {row["name"] for row in rows}
    assert all(float(row["list_cost"]) >= 0 for row in rows)
    with urlopen(f"{pages.address}/cost/jobs_by_cost.csv?team=nobody%27s", timeout=30) as reply:
        assert list(csv.DictReader(io.StringIO(reply.read().decode()))) == []


def test_sorting_and_turning_show_each_row_once(browser: Browser, pages: Served) -> None:
    with tab(browser, pages, viewport=_WIDE) as watched:
        page = watched.page
        page.goto(f"{pages.address}/anomalies?new_levels.sort=ratio&date.min=2025-01-01")
        watched.settle()
        ratios: list[float] = []
        while True:
            ratios += [
                float(text)
                for text in page.locator("#new_levels tbody tr td:nth-child(9) data").evaluate_all(
                    "every => every.map(one => one.value)"
                )
            ]
            following = page.locator("#new_levels .turn a", has_text="Next")
            if not following.count():
                break
            following.click()
            watched.settle()
        total = page.locator("#new_levels .turn p")
        if total.count():
            assert ratios == sorted(ratios)
