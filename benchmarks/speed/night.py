"""How long a night takes and how much memory it needs, by stage, beside DuckDB on the same files.

    python benchmarks/speed/night.py --sizes 1000x45 1000x90 --out benchmarks/results/night.json

Each size runs in a process of its own: simulate, the first night (everything is new), a second
night (nothing is), a third after one appended day, and DuckDB doing the core aggregations of silver and gold by hand-written SQL
from the same Parquet. Peak memory is the kernel's high-water mark, reset before each step.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).with_name("reference.sql")


def high_water_mb() -> float:
    """Peak resident memory of this process since the last reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM in /proc/self/status: this benchmark needs Linux")


def reset_high_water() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def measure(export: Path, home: Path) -> dict[str, Any]:
    """Three nights over `export`: all new, nothing new, a day's news. By stage what the first took."""
    from pipeline.engine.session import Engine, connect
    from pipeline.lakehouse.folder import DeltaFolder
    from pipeline.night import Night, run_night
    from pipeline.settings import Settings
    from pipeline.sources.export import ExportFolder
    from pipeline.sources.simulator import append_day
    from pipeline.tables.declaration import Layer

    def _data_seconds(done: Night) -> float:
        """What bronze, silver and gold facts took: all but the statistics."""
        return sum(r.seconds for r in done.reports if r.table.layer.rank <= Layer.GOLD.rank)

    spark = connect(Engine.EMBEDDED)
    lakehouse = DeltaFolder(home, spark)
    peaks: list[tuple[str, float]] = []

    def watch(name: str, _number: int, _total: int) -> None:
        peaks.append((name, high_water_mb()))
        reset_high_water()

    def night() -> tuple[Night, float]:
        began = time.perf_counter()
        done = run_night(
            spark,
            lakehouse,
            ExportFolder(export, spark),
            Settings(),
            now=datetime.now(UTC),
            progress=watch,
        )
        return done, time.perf_counter() - began

    first, seconds = night()
    peaks.append(("end", high_water_mb()))
    # The mark read when a step begins is that of the step before it.
    peak_of = {before: mb for (before, _), (_, mb) in pairwise(peaks)}
    stages: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for report in first.reports:
        stage = stages[report.stage]
        stage["rows_read"] += report.rows_read or 0
        stage["rows_written"] += report.written
        stage["seconds"] += report.seconds
        stage["peak_mb"] = max(stage["peak_mb"], peak_of[report.step])
    second, again = night()
    append_day(export)
    third, news = night()
    return {
        "first_night_seconds": round(seconds, 2),
        "first_night_data_seconds": round(_data_seconds(first), 2),
        "second_night_seconds": round(again, 2),
        "second_night_writes": sum(report.written for report in second.reports),
        "day_of_news_seconds": round(news, 2),
        "day_of_news_data_seconds": round(_data_seconds(third), 2),
        "day_of_news_rows": sum(report.written for report in third.reports),
        "stages": {
            name: {key: round(value, 2) for key, value in stage.items()}
            for name, stage in stages.items()
        },
        "steps": {
            report.step + " " + report.table.name: round(report.seconds, 2)
            for report in first.reports
        },
    }


def reference(export: Path) -> dict[str, Any]:
    """DuckDB's seconds for the same core aggregations, written to a database file."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(str(Path(folder) / "reference.duckdb"))
        connection.execute("SET TimeZone = 'UTC'")
        seconds: dict[str, float] = {}
        for statement in REFERENCE.read_text().replace("{export}", str(export)).split(";\n"):
            if not statement.strip():
                continue
            began = time.perf_counter()
            connection.execute(statement)
            name = statement.split("TABLE ")[1].split()[0]
            seconds[name] = round(time.perf_counter() - began, 3)
    return {"seconds": round(sum(seconds.values()), 2), "tables": seconds}


def simulated_account(jobs: int, days: int, export: Path) -> tuple[dict[str, int], float]:
    """The rows of each table of an account written to `export`, and the seconds it took."""
    from pipeline.sources.simulator import SimulatorConfig, simulate

    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    made = simulate(SimulatorConfig(jobs=jobs, days=days, seed=7, end=end), export)
    return dict(made.rows), made.seconds


def run(jobs: int, days: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="rightrun-bench-"))
    try:
        export = folder / "export"
        # In processes of their own: what they leave in memory must not count as a night's.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            rows, simulated = apart.submit(simulated_account, jobs, days, export).result()
            duck = apart.submit(reference, export).result()
        ours = measure(export, folder / "home")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # Of silver and gold, the tables that DuckDB makes as well.
    core = sum(
        seconds for step, seconds in ours["steps"].items() if step.split()[1] in duck["tables"]
    )
    return {
        "jobs": jobs,
        "days": days,
        "source_rows": rows,
        "simulate_seconds": round(simulated, 2),
        **ours,
        "duckdb": duck,
        "same_tables_over_duckdb": round(core / duck["seconds"], 2),
    }


def machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes", nargs="+", default=["1000x45", "1000x90", "5000x90"], help="jobs x days"
    )
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        jobs, days = asked.sizes[0].split("x")
        print(json.dumps(run(int(jobs), int(days))))
        return
    sizes = []
    for size in asked.sizes:
        # A process of its own: memory of one size must not hide that of the next.
        command = [sys.executable, __file__, "--one", "--sizes", size]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        sizes.append(json.loads(done.stdout.splitlines()[-1]))
        _show(sizes[-1])
        if asked.out is not None:
            told = json.dumps({"machine": machine(), "sizes": sizes}, indent=2)
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(told + "\n")


def _show(size: dict[str, Any]) -> None:
    print(
        f"{size['jobs']} jobs x {size['days']} days: first night {size['first_night_seconds']} s,"
        f" second {size['second_night_seconds']} s ({size['second_night_writes']} rows written),"
        f" with a day's news {size['day_of_news_seconds']} s,"
        f" same tables {size['same_tables_over_duckdb']}x DuckDB ({size['duckdb']['seconds']} s)"
    )
    for name, stage in size["stages"].items():
        print(
            f"  {name:15s} read {stage['rows_read']:>11,.0f}  written {stage['rows_written']:>11,.0f}"
            f"  {stage['seconds']:7.2f} s  peak {stage['peak_mb']:7.0f} MB"
        )


if __name__ == "__main__":
    main()
