"""Nights on Apache Spark with Delta Lake, killed at random moments while another wants to write: the tables
that come of it are those of the embedded engine, which nobody disturbed.

    python -m benchmarks.soak.delta --out benchmarks/results/soak_delta.json

Progress goes to stderr, the result to `--out` as JSON. Exits 1 when a law is broken, and names each.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from benchmarks.machine import machine
from pipeline.engine.names import Engine
from pipeline.engine.session import connect, engine_name
from simulator import SimulatorConfig
from tests.delta.delivered import ON_DELTA, Delivered
from tests.delta.tables import empty, grow_old, unlike, versions, wait_for_lease
from tests.e2e.account import Ran
from tools.workspace.server import serving

_END = datetime(2026, 3, 1, tzinfo=UTC)
_FIRST_OF_THREE = 2
"""Of three kills so many hit a first night, and the third one a night of a day's news."""
_NIGHTLY = ("nightly", *ON_DELTA)


def say(sentence: str) -> None:
    print(f"{time.perf_counter() - _BEGAN:6.0f} s  {sentence}", file=sys.stderr, flush=True)


_BEGAN = time.perf_counter()


def soaked(spark: SparkSession, account: Delivered, options: argparse.Namespace) -> dict[str, Any]:
    """Each night's kill, and the laws that were broken after it."""
    moments = random.Random(options.seed)
    days = sorted(file.stem for file in account.simulated.glob("billing/usage/*.parquet"))
    account.deliver(spark, days[-2])
    peer = account.folder / "peer"
    _must(account.peer(peer))
    began = time.perf_counter()
    _must(account.rightrun(*_NIGHTLY))
    night_seconds = time.perf_counter() - began
    say(f"an undisturbed first night took {night_seconds:.0f} s")
    nights: list[dict[str, Any]] = []
    broken = [f"undisturbed: {sentence}" for sentence in unlike(account.workspace, peer)]
    firsts = options.kills * _FIRST_OF_THREE // 3
    for number in range(options.kills):
        is_first = number < firsts
        if is_first:
            empty(spark)
        elif number == firsts:
            account.deliver(spark, days[-1])
            _must(account.peer(peer))
        share = (number + moments.random()) / firsts if is_first else moments.random() / 2
        sentences = _killed(spark, account, peer, share * night_seconds)
        nights.append({"is_first": is_first, "share_of_a_first_night": round(share, 3)})
        broken += [f"kill {number + 1}: {sentence}" for sentence in sentences]
        say(
            f"kill {number + 1} after {share:.0%} of a first night: {sentences or 'nothing'} broken"
        )
    return {
        "engine": engine_name(spark).rpartition(" ")[0],
        "jobs": options.jobs,
        "days": options.days,
        "first_night_seconds": round(night_seconds, 1),
        "nights": nights,
        "broken": broken,
    }


def _killed(spark: SparkSession, account: Delivered, peer: Path, seconds: float) -> list[str]:
    """Kill a night that has written for `seconds`, and run it again; the laws that are broken."""
    night = account.begin(*_NIGHTLY)
    wait_for_lease(spark)
    time.sleep(seconds)
    broken = []
    if night.poll() is None:
        refused = account.rightrun(*_NIGHTLY)
        if night.poll() is None and (
            refused.code != 2 or f"process {night.pid}" not in refused.err
        ):
            broken.append(f"a second night exits {refused.code} and says {refused.err.strip()}")
    night.kill()
    night.communicate()
    grow_old(spark)
    again = account.to_the_end(*_NIGHTLY)
    if again.code:
        return [*broken, f"the next night exits {again.code}: {again.err.strip()[-500:]}"]
    broken += unlike(account.workspace, peer)
    settled = versions(account.workspace)
    last = account.rightrun(*_NIGHTLY)
    moved = [
        name for name, version in versions(account.workspace).items() if version != settled[name]
    ]
    if last.code or moved:
        broken.append(f"a night with nothing new exits {last.code} and writes {moved}")
    return broken


def _must(ran: Ran) -> None:
    if ran.code:
        raise RuntimeError(f"an undisturbed night failed: {ran.err}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rightrun-soak-") as name:
        folder = Path(name)
        with serving(folder / "workspace") as workspace:
            os.environ.update(workspace.environment)
            account = Delivered(workspace, folder)
            account.simulate(SimulatorConfig(jobs=options.jobs, days=options.days, end=_END))
            result = soaked(connect(Engine.DATABRICKS), account, options)
    for law in result["broken"]:
        say(f"BROKEN {law}")
    if options.out is not None:
        seconds = round(time.perf_counter() - _BEGAN)
        text = json.dumps({"machine": machine(), "seconds": seconds, **result}, indent=2)
        options.out.write_text(text + "\n", encoding="utf-8")
    sys.exit(1 if result["broken"] else 0)


if __name__ == "__main__":
    main()
