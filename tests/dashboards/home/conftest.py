"""A home with hostile names, its pages served on this machine, and Chromium to open them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.answers.for_scripts import as_csv
from pipeline.dashboards.dashboard import datasets
from pipeline.dashboards.home.app import Application
from pipeline.dashboards.home.gold import Gold
from pipeline.dashboards.home.server import listening, server_of
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.tables import gold
from tests.dashboards.planted_alerts import planted_alerts
from tests.evaluation import test_browser
from tests.night.homes import Made

HOSTILE_NAMES = (
    "=cmd|' /C calc'!A0",
    "<script>document.title = 'taken'</script>",
    '"><img src=x onerror="document.title = \'taken\'">',
    "</script><svg onload=alert(1)>{{ 7 * 7 }}",
    "خط أنابيب الفواتير \u202e desrever",
    "👩‍🚀 émoji 🧨",
    "n" * 300,
)


@dataclass
class Served:
    """Where pages are served, of which home, and what went wrong on the server."""

    address: str
    home: Path
    faults: list[str] = field(default_factory=list)


@contextmanager
def served(spark: SparkSession, home: Path, folder: Path) -> Iterator[Served]:
    """The pages of `home` over real HTTP, for as long as the block lasts."""
    made = Gold(spark, DeltaFolder(home, spark), datasets().values(), folder)
    with listening(0) as listener:
        port = listener.getsockname()[1]
        of_home = Served(f"http://127.0.0.1:{port}", home)
        app = Application(made, "USD", as_csv, of_home.faults.append).asgi()
        server = server_of(app, listener)
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield of_home
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive()
    assert of_home.faults == []


@pytest.fixture(scope="module")
def home(undisturbed: Made, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night's home, of which jobs have been given hostile names, and one of them a hostile address."""
    place = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(undisturbed.home, place)
    lakehouse = DeltaFolder(place, spark)
    jobs = lakehouse.read(gold.JOBS).toPandas()
    keys = sorted(zip(jobs["workspace_id"], jobs["series_key"], strict=True))
    names = dict(zip(keys, HOSTILE_NAMES, strict=False))
    name, url = F.col("name"), F.col("url")
    for (workspace, key), hostile in names.items():
        is_it = (F.col("workspace_id") == workspace) & (F.col("series_key") == key)
        name = F.when(is_it, F.lit(hostile)).otherwise(name)
        url = F.when(is_it, F.lit("javascript:alert(1)")).otherwise(url)
    lakehouse.merge(gold.JOBS, lakehouse.read(gold.JOBS).withColumns({"name": name, "url": url}))
    assert len(names) == len(HOSTILE_NAMES)
    at = lakehouse.read(gold.NIGHT_STEPS).agg(F.max("as_of")).toArrow()[0][0].as_py()
    for table, rows in planted_alerts(spark, at, [key for _, key in keys]).items():
        lakehouse.create(table)
        lakehouse.merge(table, rows)
    return place


@pytest.fixture(scope="module")
def pages(
    home: Path, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with served(spark, home, tmp_path_factory.mktemp("copies")) as of_home:
        yield of_home


browser = test_browser.browser


class Watched:
    """A tab that remembers what its console said, what failed in it, and which hosts it asked."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.heard: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda message: self.heard.append(message.text))
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("dialog", lambda dialog: self.heard.append(dialog.message))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(address) else self.elsewhere.append(request.url)
            ),
        )

    def settle(self) -> None:
        """Until no reply is awaited and every chart in view is drawn."""
        page = self.page
        for _ in range(600):
            if page.evaluate(
                "!document.querySelector('[aria-busy]') && [...document.querySelectorAll('.canvas')].every("
                "one => one.hidden || 'drawn' in one.dataset || one.getBoundingClientRect().top > innerHeight)"
            ):
                return
            page.wait_for_timeout(25)
        raise AssertionError(f"{page.url} does not come to rest: {self.heard}")


@contextmanager
def tab(browser: Browser, served: Served, **options: Any) -> Iterator[Watched]:
    page = browser.new_page(**options)
    page.set_default_timeout(20_000)
    watched = Watched(page, served.address)
    yield watched
    page.close()
    assert watched.heard == []
    assert watched.elsewhere == [], "no request leaves this machine"
