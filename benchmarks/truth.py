"""Gold against the truth of a simulated account with every quirk on, after nights day by day.

    python -m benchmarks.truth --out benchmarks/results/truth.json

The account's history spans both changes of the source: columns added in December 2025, slices cut
at clock hours since 19 January 2026. A night is run over the history, and one after each appended
day, through the real command line; then every figure is compared for every quirk. Of runs and shifts that were made slow it is counted how
often the main cause, and the change, that were planted are the ones named first.
"""

import argparse
import json
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.causes import cause_figures
from benchmarks.machine import machine
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from tests.e2e.account import rightrun
from tests.e2e.truth import EVERY, figures, stored, total_cost

END = "2026-02-10T00:00:00Z"


def compared(root: Path, *, jobs: int, days: int, nights: int) -> dict[str, Any]:
    """The figures of an account in the empty folder `root`."""
    settings = ("--jobs", str(jobs), "--days", str(days), "--end", END, "--quirks", "all")
    account, home = root / "account", root / "home"
    commands: list[tuple[str | Path, ...]] = [("simulate", *settings, "--out", account)]
    night = ("nightly", "--source", f"simulated:{account}", "--home", home, "--json")
    commands += [night, *((("simulate", "--append-day", "--out", account), night) * nights)]
    for command in commands:
        ran = rightrun(*command, cwd=root)
        if ran.code:
            raise RuntimeError(f"rightrun {command[0]} ended with {ran.code}: {ran.err}")
    by_figure = figures(home, account)
    as_of = datetime.fromisoformat(END) + timedelta(days=nights)
    total = total_cost(home)
    in_gold = sum(stored(home, "gold.cost_daily")["list_cost"])
    received = stored(home, "gold.night_steps").query("step == 'ingest'")
    return {
        "jobs": jobs,
        "days": days,
        "appended_days": nights,
        "runs": int(by_figure.query("quirk == @EVERY and figure == 'status'")["compared"].sum()),
        "list_cost_of_bronze": str(total),
        "list_cost_of_gold": str(in_gold),
        "rows": {
            name: int(received[name].sum())
            for name in ("rows_read", "inserted", "updated", "rejected", "duplicates", "expired")
        },
        "causes": cause_figures(connect(Engine.EMBEDDED), home, account, as_of),
        "figures": by_figure.to_dict("records"),
        "wrong": int(by_figure["wrong"].sum()) + int(total != in_gold),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--days", type=int, default=75)
    parser.add_argument("--nights", type=int, default=3, help="appended days, a night after each")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rightrun-truth-") as folder:
        result = compared(Path(folder), jobs=options.jobs, days=options.days, nights=options.nights)
    for each in result["figures"]:
        if each["quirk"] == EVERY or each["wrong"]:
            print(f"{each['quirk']:20s} {each['entity']:9s} {each['figure']:22s}"
                  f" {each['compared']:>8,} compared {each['wrong']:>6,} wrong")  # fmt: skip
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"machine": machine(), **result}, indent=1) + "\n")
    sys.exit(int(result["wrong"] > 0))


if __name__ == "__main__":
    main()
