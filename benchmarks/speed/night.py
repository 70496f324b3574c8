"""How long a night takes and how much memory it needs, by stage, beside DuckDB on the same files.

    python -m benchmarks.speed.night --sizes 1000x45 1000x90 --out benchmarks/results/night.json

Each size runs in a process of its own: simulate, the first night (everything is new), a second
night (nothing is), a third after one appended day, and DuckDB doing the core aggregations of silver
and gold by hand-written SQL from the same Parquet. A night goes in parts, one after the other,
since steps run side by side: ours of the tables that DuckDB makes includes what those are made
from. Peak memory is the kernel's high-water mark, reset before each part.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.machine import forget_peak, machine, peak_mb

Part = dict[str, float]
REFERENCE = Path(__file__).with_name("reference.sql")


def measure(export: Path, home: Path, compared: Collection[str]) -> dict[str, Any]:
    """Three nights over `export`: all new, nothing new, a day's news; each in its parts."""
    from pipeline.engine.names import Engine
    from pipeline.engine.session import connect
    from pipeline.graph.graph import GRAPH, Graph
    from pipeline.lakehouse.folder.tables import DeltaFolder
    from pipeline.nightly.night import run_night
    from pipeline.nightly.outcome import Night
    from pipeline.settings import Settings
    from pipeline.sources.export import ExportFolder
    from pipeline.tables.declaration import Layer
    from simulator import append_day

    spark = connect(Engine.EMBEDDED)
    lakehouse = DeltaFolder(home, spark)

    def needed(names: Collection[str]) -> Graph:
        """The steps that write these tables, and those that write what they read."""
        steps = [step for step in GRAPH.steps if step.writes.name in names]
        for step in steps:
            steps += [one for one in GRAPH.steps if one.writes in step.reads and one not in steps]
        return Graph(tuple(step for step in GRAPH.steps if step in steps))

    data = Graph(tuple(step for step in GRAPH.steps if step.writes.layer.rank <= Layer.GOLD.rank))

    def night(graph: Graph = GRAPH, only: str | None = None) -> Part:
        forget_peak()
        began = time.perf_counter()
        source = ExportFolder(export, spark)
        finished: Night = run_night(
            spark, lakehouse, source, Settings(), now=datetime.now(UTC), only=only, graph=graph
        )
        seconds = time.perf_counter() - began
        return {
            "seconds": round(seconds, 2),
            "rows_read": sum(report.rows_read for report in finished.reports),
            "rows_written": sum(report.written for report in finished.reports),
            "peak_mb": peak_mb(),
        }

    first = {
        "bronze": night(only="bronze"),
        "silver and gold that DuckDB makes too": night(needed(compared)),
        "other silver and gold": night(data),
        "statistics": night(),
    }
    nothing = night()
    append_day(export)
    return {
        "first": first,
        "nothing_new": nothing,
        "a_days_news": {"bronze, silver and gold": night(data), "statistics": night()},
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
    from simulator import SimulatorConfig, simulate

    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    summary = simulate(SimulatorConfig(jobs=jobs, days=days, seed=7, end=end), export)
    return dict(summary.rows), summary.seconds


def run(jobs: int, days: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="rightrun-bench-"))
    try:
        export = folder / "export"
        # In a process of its own: what it leaves in memory must not count as a night's.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            rows, simulated = apart.submit(simulated_account, jobs, days, export).result()
            duck = apart.submit(reference, export).result()
        ours = measure(export, folder / "home", duck["tables"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    bronze, compared, rest, statistics = ours["first"].values()
    data = bronze["seconds"] + compared["seconds"] + rest["seconds"]
    news, scores = ours["a_days_news"].values()
    whole = data + statistics["seconds"]
    return {
        "jobs": jobs,
        "days": days,
        "source_rows": rows,
        "simulate_seconds": round(simulated, 2),
        **ours,
        "duckdb": duck,
        "same_tables_over_duckdb": round(compared["seconds"] / duck["seconds"], 2),
        "news_over_first_data": round(news["seconds"] / data, 3),
        "news_over_first": round((news["seconds"] + scores["seconds"]) / whole, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=["1000x45", "1000x90", "1000x365", "5000x90"],
        help="jobs x days",
    )
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        jobs, days = options.sizes[0].split("x")
        print(json.dumps(run(int(jobs), int(days))))
        return
    sizes = []
    for size in options.sizes:
        # A process of its own: memory of one size must not hide that of the next.
        command = [sys.executable, "-m", "benchmarks.speed.night", "--one", "--sizes", size]
        process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        sizes.append(json.loads(process.stdout.splitlines()[-1]))
        _show(sizes[-1])
        if options.out is not None:
            document = json.dumps({"machine": machine(), "sizes": sizes}, indent=2)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(document + "\n")


def _show(size: dict[str, Any]) -> None:
    print(
        f"{size['jobs']} jobs x {size['days']} days: the same tables"
        f" {size['same_tables_over_duckdb']}x DuckDB ({size['duckdb']['seconds']} s); a day's news"
        f" costs {size['news_over_first_data']:.1%} of the first night's data layer,"
        f" {size['news_over_first']:.1%} of all of it"
    )
    parts = {f"first night: {name}": part for name, part in size["first"].items()}
    parts["a night with nothing new"] = size["nothing_new"]
    parts |= {f"a day's news: {name}": part for name, part in size["a_days_news"].items()}
    for name, part in parts.items():
        print(
            f"  {name:52s} read {part['rows_read']:>11,}  written {part['rows_written']:>11,}"
            f"  {part['seconds']:7.2f} s  peak {part['peak_mb']:6,} MB"
        )


if __name__ == "__main__":
    main()
