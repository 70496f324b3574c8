"""Nights killed or interrupted at random moments, then a normal one: no table may show that it happened."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.soak.homes import differing, leftovers, log_of, models, versions
from pipeline.tables.declaration import Table
from tests.e2e.account import Ran, rightrun

COMMAND = (sys.executable, "-m", "pipeline.cli")
QUIET = {"PYTHONWARNINGS": "ignore", "COLUMNS": "200"}
_POLL_SECONDS = 0.02
_COMPARING = Lock()
"""DuckDB and Arrow, each asking for Python's own lock, may wait for each other in two threads."""
_EARLIER = 0.85
"""Of the moment drawn, when a night has ended before it could be killed."""
_MOST_SECONDS = 2.0
"""From an interrupt to the end of the process."""


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A home after a night over `export` that nobody disturbed; `seconds` from its lock to its end."""

    home: Path
    export: Path
    seconds: float


def nightly(export: Path, home: Path, *more: str) -> Ran:
    source = _source(export, home)
    return rightrun("nightly", "--source", source, "--home", home, *more, cwd=home.parent)


def begin(export: Path, home: Path, *more: str) -> subprocess.Popen[str]:
    """A night started in a process of its own, without waiting for its end."""
    return subprocess.Popen(
        [*COMMAND, "nightly", "--source", _source(export, home), "--home", str(home), *more],
        env={**os.environ, **QUIET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _source(export: Path, home: Path) -> str:
    """The export as the home's neighbour: a home takes no other than that beside it."""
    home.parent.mkdir(exist_ok=True)
    link = home.parent / "export"
    if link.is_symlink() or not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(export)
    return f"export:{link}"


def undisturbed(export: Path, home: Path) -> Undisturbed:
    process = begin(export, home)
    _wait_for_lock(process, home)
    began = time.perf_counter()
    _, err = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the undisturbed night failed: {err}")
    return Undisturbed(home, export, time.perf_counter() - began)


def ended(
    first: Undisturbed,
    second: Undisturbed,
    folder: Path,
    *,
    by: signal.Signals,
    times: int,
    seed: int,
    workers: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """End `times` nights, every third of them incremental; what stood after the next is compared."""
    moments = random.Random(seed)
    fresh = sum(number % 3 < 2 for number in range(times))
    drawn: list[tuple[Undisturbed, Path | None, float]] = []
    for night, before, count in ((first, None, fresh), (second, first.home, times - fresh)):
        # One moment in each of equal parts of the night, so that together they cover it.
        drawn += [(night, before, (k + moments.random()) / count) for k in range(count)]

    def one(number: int) -> dict[str, Any]:
        night, before, share = drawn[number]
        result = _ended(night, before, folder / f"{by.name}-{number}" / "home", share, by)
        say(
            f"{by.name} {number + 1}: after {result['last_commit']},"
            f" broken: {result['broken'] or 'nothing'}"
        )
        return result

    with ThreadPoolExecutor(workers) as threads:
        results = list(threads.map(one, range(times)))
    return {
        "first_night_seconds": round(first.seconds, 1),
        "incremental_night_seconds": round(second.seconds, 1),
        "nights": results,
        "broken": [
            f"{by.name} {n + 1}: {law}" for n, each in enumerate(results) for law in each["broken"]
        ],
    }


def _ended(
    night: Undisturbed, before: Path | None, home: Path, share: float, by: signal.Signals
) -> dict[str, Any]:
    while True:
        shutil.rmtree(home, ignore_errors=True)
        if before is not None:
            shutil.copytree(before, home)
        stood = versions(home)
        process = begin(night.export, home)
        _wait_for_lock(process, home)
        time.sleep(share * night.seconds)
        began = time.perf_counter()
        process.send_signal(by)
        _, err = process.communicate()
        seconds = time.perf_counter() - began
        if process.returncode:
            break
        share *= _EARLIER
    last = _last_commit(home, stood)
    broken = [*_badly_ended(process.returncode, err, seconds, by), *_healed(night, home)]
    shutil.rmtree(home)
    return {
        "night": "first" if before is None else "incremental",
        "share_of_night": round(share, 3),
        "seconds_to_end": round(seconds, 2),
        "last_commit": last,
        "broken": broken,
    }


def _badly_ended(code: int, err: str, seconds: float, by: signal.Signals) -> list[str]:
    """The laws of how a night may end that one ended by this signal breaks."""
    if by == signal.SIGKILL:
        return [] if code == -by else [f"it exits {code} and says {err.strip()[-500:]}"]
    broken = []
    if code != 128 + by or err.count("\n") != 1 or "interrupted" not in err:
        broken.append(f"it exits {code} and says {err.strip()[-500:]}")
    if seconds > _MOST_SECONDS:
        broken.append(f"it takes {seconds:.1f} s to end")
    return broken


def _healed(night: Undisturbed, home: Path) -> list[str]:
    """A normal night after that, and one more: the laws that they break."""
    ran = nightly(night.export, home)
    if ran.code:
        return [f"the next night exits {ran.code}: {ran.err.strip()[-500:]}"]
    with _COMPARING:
        broken = [*differing(home, night.home), *leftovers(home)]
        if models(home) != models(night.home):
            broken.append(f"models are {models(home)}, undisturbed {models(night.home)}")
    settled = versions(home)
    again = nightly(night.export, home)
    if again.code or versions(home) != settled:
        moved = [t.full_name for t, version in versions(home).items() if version != settled[t]]
        broken.append(f"a night with nothing new exits {again.code} and writes {moved}")
    return broken


def _wait_for_lock(process: subprocess.Popen[str], home: Path) -> None:
    while process.poll() is None and not (home / ".lock.json").exists():
        time.sleep(_POLL_SECONDS)


def _last_commit(home: Path, stood: dict[Table, int]) -> str:
    """The table that the night wrote last; ops.night_steps the night is at its end, or at MLflow."""
    written = {
        log_of(home, table, version).stat().st_mtime_ns: table.full_name
        for table, version in versions(home).items()
        if version > stood.get(table, 0)
    }
    return written[max(written)] if written else "nothing"
