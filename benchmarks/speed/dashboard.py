"""How long a person waits for a page of the dashboards at home: the real command and Chromium.

    python -m benchmarks.speed.dashboard --jobs 1000 --days 90 --out benchmarks/results/dashboard.json

An account is simulated and a first night run over it, `rightrun dashboard` is started on the home, and each
page is opened in a tab of its own: from the address until its counters, tables and the charts in view are
drawn. Then one team after the other is chosen, none of which has been asked for before: from the click until
what is in view has been brought up to date, and until all of the page has. The median counts.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.machine import machine
from benchmarks.speed.answers import first_night
from pipeline.dashboards.dashboard import PAGES

CHANGES = 5
_SETTLED = (
    "[...document.querySelectorAll('.canvas')].every(one => one.hidden || 'drawn' in one.dataset"
    " || one.getBoundingClientRect().top > innerHeight)"
)
# Milliseconds from the click until the script has put the figures in, for what is in view and for all.
_CHANGED = """
async team => {
  const main = document.querySelector('main');
  delete main.dataset.shown;
  const began = performance.now();
  const times = {};
  const done = new Promise(resolve => new MutationObserver((_, observer) => {
    times[main.dataset.shown] ??= performance.now() - began;
    if (main.hasAttribute('aria-busy')) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve());
  }).observe(main, {attributes: true, attributeFilter: ['data-shown', 'aria-busy']}));
  document.querySelectorAll('input[name=team]')[team].click();
  await done;
  const all = performance.now() - began;
  return [times.view ?? all, all];
}
"""


def measure(browser: Browser, address: str) -> list[dict[str, Any]]:
    """Milliseconds of each page: opened first, opened again, and brought up to date."""
    results = []
    for page in PAGES:
        opened = [_opened(browser, f"{address}{page.name}") for _ in range(3)]
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.goto(f"{address}{page.name}")
        changes = []
        for team in range(CHANGES):
            tab.wait_for_timeout(400)
            changes.append(tab.evaluate(_CHANGED, team))
        tab.close()
        results.append(
            {
                "page": page.title,
                "first_ms": round(opened[0]),
                "again_ms": round(median(opened[1:])),
                "change_in_view_ms": round(median(view for view, _ in changes)),
                "change_ms": round(median(every for _, every in changes)),
            }
        )
    return results


def _opened(browser: Browser, address: str) -> float:
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    began = time.perf_counter()
    tab.goto(address)
    while not tab.evaluate(_SETTLED):
        tab.wait_for_timeout(5)
    milliseconds = 1000 * (time.perf_counter() - began)
    tab.close()
    return milliseconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=1000)
    arguments.add_argument("--days", type=int, default=90)
    arguments.add_argument("--home", type=Path, help="a home that is there, instead of a new one")
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="rightrun-bench-") as folder:
        home = given.home or first_night(Path(folder), given.jobs, given.days)
        load = os.getloadavg()[0]
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "dashboard", "--home", str(home), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdout is not None
            address = running.stdout.readline().split(": ")[1].split(" ")[0]
            start_seconds = time.perf_counter() - began
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                pages = measure(chromium, address)
                chromium.close()
            running.send_signal(signal.SIGINT)
        result = {
            "machine": machine(),
            "load": round(load, 1),
            "jobs": given.jobs,
            "days": given.days,
            "changes": CHANGES,
            "start_seconds": round(start_seconds, 1),
            "pages": pages,
        }
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
