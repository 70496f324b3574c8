"""How much people are told about the jobs of real run logs, with the default policy.

    python -m benchmarks.quality.alerts_logs DIR --out benchmarks/results/alerts_logs.json

Each runs_*.parquet of DIR becomes an account of its busiest jobs (`rightrun simulate --from-log` does the same): the
starts, durations and outcomes are the log's. A first night reads all but the last week, then each day comes with a
night after it, by the real command. Nobody knows what of these logs was worth a message, so messages are counted.
"""

import argparse
import json
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.progress import track

from benchmarks.machine import machine
from benchmarks.quality.alerts import END, SETTINGS, night
from benchmarks.quality.alerts_nights import nights_of
from simulator import from_log
from tests.e2e.truth import stored

_JOBS: Final = 200
_DAYS: Final = 60
_NIGHTS: Final = 7
_SEED: Final = 21


def measured(log: Path, root: Path) -> dict[str, Any]:
    """The figures of a log in the empty folder `root`."""
    account, told, home = root / "account", root / "told", root / "home"
    end = datetime.fromisoformat(END)
    from_log(log, account, end=end, seed=_SEED, limit_jobs=_JOBS, days=_DAYS)
    of_runs = account.glob("lakeflow/job_run_timeline/*.parquet")
    later = sorted(file.stem for file in of_runs)[-_NIGHTS:]
    # Of no table anything that is told after the runs of a night: they would read as late.
    withheld = {
        file for file in account.glob("*/*/*.parquet") if later[0] <= file.stem != "snapshot"
    }
    shutil.copytree(
        account,
        told,
        ignore=lambda folder, names: [name for name in names if Path(folder) / name in withheld],
    )
    home.mkdir()
    (home / "rightrun.yml").write_text(SETTINGS)
    night(root, f"simulated:{told}", home)
    for day in later:
        for file in withheld:
            if file.stem <= day:
                shutil.copy(file, told / file.relative_to(account))
        night(root, f"simulated:{told}", home)
    return _figures(home)


def _figures(home: Path) -> dict[str, Any]:
    nights, outbox, jobs = (
        nights_of(home),
        stored(home, "ops.outbox"),
        len(stored(home, "gold.jobs")),
    )
    after_first = outbox[outbox["as_of"] > nights.times[0]]
    digests = after_first[after_first["kind"] == "digest"]
    lines = sum(
        len(content["items"]) + content["left_out"]
        for content in map(json.loads, digests["content"])
    )
    pages = int((after_first["kind"] == "opened").sum())
    return {
        "jobs": jobs,
        "nights": nights.count,
        "messages_a_week": {
            kind: round(count / nights.weeks, 1)
            for kind, count in after_first["kind"].value_counts().items()
        },
        "pages_a_week_and_100_jobs": round(pages / nights.weeks / jobs * 100, 2),
        "messages_a_week_and_job": round(len(after_first) / nights.weeks / jobs, 4),
        "digest_lines_a_week_and_100_jobs": round(lines / nights.weeks / jobs * 100, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder of runs_*.parquet")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    files = sorted(options.data.glob("runs_*.parquet"))
    if not files:
        parser.error(f"no runs_*.parquet in {options.data}")
    logs = {}
    for file in track(files, description="logs"):
        with tempfile.TemporaryDirectory(prefix="rightrun-alerts-") as folder:
            logs[file.stem.removeprefix("runs_")] = measured(file, Path(folder))
        document = json.dumps({"machine": machine(), "logs": logs}, indent=2)
        options.out.write_text(document + "\n", encoding="utf-8")
    print(document)


if __name__ == "__main__":
    main()
