"""The soak: nights killed and interrupted, exports damaged, two nights at once, days appended, decisions and
deliveries of alerts killed. Does any law break?

    python -m benchmarks.soak --out benchmarks/results/soak.json

About 35 minutes on two cores. Progress goes to stderr, the result to `--out` as JSON. Exits 1 when
a law is broken, and names each.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.soak.alerts import alerts_killed
from benchmarks.soak.appended import lengths
from benchmarks.soak.damages import damages
from benchmarks.soak.kills import Undisturbed, ended, undisturbed
from benchmarks.soak.rivals import rivals
from simulator import SimulatorConfig, append_day, simulate

_END = datetime(2026, 3, 1, tzinfo=UTC)
_SECOND_DELIVERY_DAYS = 2
_BEGAN = time.perf_counter()


def say(what: str) -> None:
    print(f"{time.perf_counter() - _BEGAN:6.0f} s  {what}", file=sys.stderr, flush=True)


def grounds(folder: Path, options: argparse.Namespace) -> tuple[Undisturbed, Undisturbed]:
    """A first night and an incremental one, both undisturbed, over a simulated account."""
    exports = folder / "first" / "export", folder / "second" / "export"
    config = SimulatorConfig(jobs=options.jobs, days=options.days, seed=options.seed, end=_END)
    simulate(config, exports[0])
    shutil.copytree(*exports)
    for _ in range(_SECOND_DELIVERY_DAYS):
        append_day(exports[1])
    first = undisturbed(exports[0], folder / "first" / "home")
    shutil.copytree(first.home, folder / "second" / "home")
    second = undisturbed(exports[1], folder / "second" / "home")
    say(f"undisturbed nights took {first.seconds:.0f} s and {second.seconds:.0f} s")
    return first, second


def soaked(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts in turn: what each found, and the laws that it found broken."""
    first, second = grounds(folder, options)
    yield "two_nights_at_once", rivals(first, second, folder / "rivals" / "home")
    for part, by, times in (
        ("kills", signal.SIGKILL, options.kills),
        ("interrupts", signal.SIGINT, options.interrupts),
    ):
        yield (
            part,
            ended(
                first,
                second,
                folder,
                by=by,
                times=times,
                seed=options.seed,
                workers=options.workers,
                say=say,
            ),
        )
    yield (
        "alerts_killed",
        alerts_killed(
            first, second, folder / "alerts", times=options.alert_kills, seed=options.seed, say=say
        ),
    )
    yield "appended_days", lengths(options.appended_jobs, options.appended_days)
    yield (
        "damages",
        damages(
            folder,
            times=options.damages,
            commands=options.commands,
            seed=options.seed,
            workers=options.workers,
            say=say,
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--jobs", type=int, default=20, help="of the account whose nights are killed"
    )
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--interrupts", type=int, default=10)
    parser.add_argument("--alert-kills", type=int, default=100)
    parser.add_argument("--damages", type=int, default=500, help="damaged exports, in process")
    parser.add_argument("--commands", type=int, default=20, help="damaged exports, by the command")
    parser.add_argument("--appended-jobs", type=int, default=30)
    parser.add_argument("--appended-days", type=int, nargs="+", default=[45, 90])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="rightrun-soak-") as folder:
        for part, result in soaked(Path(folder), options):
            results[part] = result
            broken += [f"{part}: {law}" for law in result["broken"]]
            say(f"{part} done, {len(result['broken'])} laws broken")
            if options.out is not None:
                _write(options.out, results, broken)
    for law in broken:
        say(f"BROKEN {law}")
    sys.exit(1 if broken else 0)


def _write(out: Path, results: dict[str, Any], broken: list[str]) -> None:
    """Write the results; after each part, so that a soak cut short leaves those it has."""
    seconds = round(time.perf_counter() - _BEGAN)
    result = {"machine": machine(), "seconds": seconds, "laws_broken": len(broken), **results}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
