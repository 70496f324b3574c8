"""How long each engine takes to start and to aggregate, each in a process of its own.

    python benchmarks/speed/engines.py [--rows 3000000]

Prints one JSON line an engine. The rows are made once, as Parquet, by neither engine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENGINES = ("embedded", "spark")
REPEATS = 3


def make_rows(path: Path, rows: int) -> None:
    """`rows` runs of 5,000 jobs over 90 days, a quarter million a file."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    path.mkdir()
    for number, first in enumerate(range(0, rows, 250_000)):
        count = min(250_000, rows - first)
        start_us = 1_767_225_600_000_000 + rng.integers(0, 90 * 86_400, count) * 1_000_000
        table = pa.table(
            {
                "job_id": pa.array([f"job-{job}" for job in rng.integers(0, 5_000, count)]),
                "run_id": pa.array(range(first, first + count), pa.int64()),
                "start_time": pa.array(start_us, pa.timestamp("us", tz="UTC")),
                "duration_seconds": rng.lognormal(5, 1, count),
            }
        )
        pq.write_table(table, path / f"{number}.parquet")


def measure(engine: str, path: Path) -> dict[str, object]:
    from pipeline.engine.names import Engine
    from pipeline.engine.session import connect, engine_name

    began = time.perf_counter()
    spark = connect(Engine(engine))
    answered = engine_name(spark)
    started = time.perf_counter() - began
    runs = spark.read.parquet(str(path))
    runs.createOrReplaceTempView("runs")
    queries = {
        "small_query": "SELECT max(id) FROM range(1000)",
        "aggregate_per_job_day": "SELECT count(*), sum(n), sum(longest) FROM (SELECT job_id,"
        " to_date(start_time) AS day, count(*) AS n, max(duration_seconds) AS longest,"
        " avg(duration_seconds) AS mean FROM runs GROUP BY job_id, to_date(start_time))",
        "latest_run_per_job": "SELECT count(*), sum(run_id) FROM (SELECT run_id, row_number() OVER"
        " (PARTITION BY job_id ORDER BY start_time DESC, run_id DESC) AS place FROM runs)"
        " WHERE place = 1",
    }
    result: dict[str, object] = {"engine": answered, "session_start_seconds": round(started, 2)}
    for name, query in queries.items():
        seconds = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            answer = [str(value) for value in spark.sql(query).collect()[0]]
            seconds.append(round(time.perf_counter() - began, 3))
        # The first is with a cold engine; the best of the others is what a night sees.
        result[name] = {"first_seconds": seconds[0], "best_seconds": min(seconds[1:])}
        if name == "latest_run_per_job":
            result["answer"] = answer
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(options.engine, options.path)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs"
        make_rows(path, options.rows)
        for engine in ENGINES:
            command = [sys.executable, __file__, "--engine", engine, "--path", str(path)]
            process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            print(process.stdout.splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
