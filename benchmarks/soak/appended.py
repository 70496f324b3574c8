"""Days appended one by one, a night after each: the same end, only what changed, in little time.

    python -m benchmarks.soak.appended --jobs 1000 --days 45 90 --out appended.json

For each length of history: a night over it, then a night after each appended day. At the end the
home must equal one built from scratch from the whole export. Each night's rows written stand beside
the rows that really differ between the two states, and its seconds beside those of the full build.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.soak.homes import changed_rows, differing, versions
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from pipeline.lakehouse.folder.tables import DeltaFolder
from pipeline.nightly.night import run_night
from pipeline.nightly.outcome import Night
from pipeline.settings import Settings
from pipeline.sources.export import ExportFolder
from pipeline.tables.declaration import Layer
from simulator import SimulatorConfig, append_day, simulate
from tests.night.homes import KEPT, WRITTEN

APPENDED = 14
_END = datetime(2026, 3, 1, tzinfo=UTC)


def _deliveries(export: Path, jobs: int, days: int, nights: int) -> Iterator[Path]:
    """The export after `days` days, and after each appended day."""
    simulate(SimulatorConfig(jobs=jobs, days=days, seed=7, end=_END, reserve_days=nights), export)
    yield export
    for _ in range(nights):
        append_day(export)
        yield export


def appended(folder: Path, *, jobs: int, days: int, nights: int = APPENDED) -> dict[str, Any]:
    """A history of `days` days, and `nights` more that are appended, in an empty `folder`."""
    spark = connect(Engine.EMBEDDED)

    def night(home: Path, export: Path) -> Night:
        lakehouse, source = DeltaFolder(home, spark), ExportFolder(export, spark)
        return run_night(
            spark, lakehouse, source, Settings(), now=_END + timedelta(days=nights + 1)
        )

    home, rebuilt, export = folder / "home", folder / "rebuilt", folder / "export"
    figures: list[dict[str, Any]] = []
    for number, delivered in enumerate(_deliveries(export, jobs, days, nights)):
        before = versions(home)
        report = night(home, delivered)
        if not number:
            continue
        written = {r.table.full_name: r.written for r in report.reports if r.table in WRITTEN}
        differ = {
            table.full_name: changed_rows(home, table, before[table], version)
            for table, version in versions(home).items()
            if table in WRITTEN and version > before[table]
        }
        figures.append(
            {
                "seconds": round(report.seconds, 2),
                "data_seconds": round(_data_seconds(report), 2),
                "rows_written": sum(written.values()),
                "rows_that_differ": sum(differ.values()),
                "more_written": {
                    name: [rows, differ.get(name, 0)]
                    for name, rows in written.items()
                    if rows != differ.get(name, 0)
                },
            }
        )
    settled = versions(home)
    night(home, export)
    broken = [
        f"{t.full_name} is written again" for t, v in versions(home).items() if v != settled[t]
    ]
    full = night(rebuilt, export)
    broken += differing(home, rebuilt, KEPT)
    broken += [
        f"night {number + 1} writes more rows than differ: {each['more_written']}"
        for number, each in enumerate(figures)
        if each["more_written"]
    ]
    typical = statistics.median(each["seconds"] for each in figures)
    data = statistics.median(each["data_seconds"] for each in figures)
    return {
        "jobs": jobs,
        "days": days,
        "appended_days": nights,
        "full_build_seconds": round(full.seconds, 2),
        "incremental_night_seconds": round(typical, 2),
        "incremental_over_full": round(typical / full.seconds, 3),
        "full_data_seconds": round(_data_seconds(full), 2),
        "incremental_data_seconds": round(data, 2),
        "nights": figures,
        "broken": broken,
    }


def _data_seconds(night: Night) -> float:
    """What bronze, silver and gold facts took: all but the statistics."""
    return sum(r.seconds for r in night.reports if r.table.layer.rank <= Layer.GOLD.rank)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--days", type=int, nargs="+", default=[45, 90])
    parser.add_argument("--nights", type=int, default=APPENDED)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory(prefix="rightrun-appended-") as folder:
            [days] = options.days
            print(
                json.dumps(
                    appended(Path(folder), jobs=options.jobs, days=days, nights=options.nights)
                )
            )
        return
    result = lengths(options.jobs, options.days, options.nights)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"machine": machine(), **result}, indent=2) + "\n")
    print(
        json.dumps({name: value for name, value in result.items() if name != "lengths"}, indent=2)
    )
    sys.exit(1 if result["broken"] else 0)


def lengths(jobs: int, days: list[int], nights: int = APPENDED) -> dict[str, Any]:
    """Each length of history in a process of its own: a warm engine must not favour the second."""
    results = []
    for length in days:
        command = [sys.executable, "-m", "benchmarks.soak.appended", "--one"]
        command += ["--jobs", str(jobs), "--days", str(length), "--nights", str(nights)]
        process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(process.stdout.splitlines()[-1]))
    seconds = [each["incremental_night_seconds"] for each in results]
    return {
        "incremental_over_full": {
            str(each["days"]): each["incremental_over_full"] for each in results
        },
        "longest_over_shortest_history": round(seconds[-1] / seconds[0], 3),
        "lengths": results,
        "broken": [f"{each['days']} days: {law}" for each in results for law in each["broken"]],
    }


if __name__ == "__main__":
    main()
