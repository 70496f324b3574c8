"""Nights on Apache Spark with Delta Lake and two executors: does the work scale out, and what stays small?

    python -m benchmarks.scale --jobs 125 500 --out benchmarks/results/scale.json

Each size runs in a process of its own, on a server of its own. Needs Java 17 and `make jars`.
"""

import argparse
import json
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.scale.nights import DRIVER_MEMORY, MASTER, bucket_memory, measured


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, nargs="+", default=[125, 500])
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    result: dict[str, Any] = {
        "machine": machine(),
        "load": round(os.getloadavg()[2], 1),
        "master": MASTER,
        "driver_memory": DRIVER_MEMORY,
    }
    result["sizes"] = []
    for jobs in options.jobs:
        result["sizes"].append(_apart(measured, jobs=jobs, days=options.days))
        _write(result, options.out)
    result["buckets"] = _apart(bucket_memory)
    _write(result, options.out)


def _apart(work: Any, **arguments: int) -> Any:
    """In a process of its own: the kernel counts what a process held before it became another to the
    other's peak."""
    with (
        tempfile.TemporaryDirectory(prefix="rightrun-scale-") as folder,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart,
    ):
        return apart.submit(work, Path(folder), **arguments).result()


def _write(result: dict[str, Any], file: Path) -> None:
    document = json.dumps(result, indent=2)
    print(document)
    file.write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
