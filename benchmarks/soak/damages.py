"""Damaged exports: in process for their number, and some through a whole night of the command."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.soak.kills import nightly
from pipeline.engine.names import Engine
from pipeline.engine.session import connect
from tests.sources.damage import damage
from tests.sources.damaged import Standing, outcome_of
from tests.sources.small import write_export


def damages(
    folder: Path, *, times: int, commands: int, seed: int, workers: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """`times` exports in process, of which `commands` go through the command as well."""
    whole = write_export(folder / "sound")
    standing = Standing.made(connect(Engine.EMBEDDED), folder / "standing")
    outcomes: Counter[str] = Counter()
    by_damage: dict[str, Counter[str]] = {}
    rows: Counter[str] = Counter()
    broken = []
    for number in range(times):
        place = folder / "one"
        try:
            outcome = outcome_of(standing, whole, place, seed + number)
        except Exception as error:  # Any at all is what this looks for.
            name = f"seed {seed + number}"
            broken.append(f"{name}: {type(error).__name__}: {error}"[:600])
            outcomes["law broken"] += 1
        else:
            outcomes[outcome.kind] += 1
            by_damage.setdefault(outcome.damage, Counter())[outcome.kind] += 1
            rows.update(outcome.rows)
        shutil.rmtree(place)
        if not (number + 1) % 50:
            say(f"damage {number + 1} of {times}: {dict(outcomes)}")

    def command(number: int) -> tuple[int, list[str]]:
        place = Path(tempfile.mkdtemp(dir=folder))
        export = place / "export"
        shutil.copytree(whole, export)
        kind, table = damage(export, number)
        ran = nightly(export, place / "home")
        shutil.rmtree(place)
        laws = _spoken(ran.code, ran.err, table.name)
        say(f"damage {kind} of {table.name} through the command exits {ran.code}")
        return ran.code, [f"command, seed {number}, {kind} of {table.name}: {law}" for law in laws]

    step = max(1, times // max(1, commands))
    # Shifted by one each time, so that every kind of damage has its turn.
    sample = [seed + number * step + number % step for number in range(commands)]
    with ThreadPoolExecutor(workers) as threads:
        ran = list(threads.map(command, sample))
    return {
        "exports": times,
        "outcomes": dict(sorted(outcomes.items())),
        "rows": dict(sorted(rows.items())),
        "by_damage": {name: dict(counts) for name, counts in sorted(by_damage.items())},
        "through_the_command": dict(Counter(f"exit {code}" for code, _ in ran)),
        "broken": [*broken, *(law for _, laws in ran for law in laws)],
    }


def _spoken(code: int, err: str, table: str) -> list[str]:
    if "Traceback" in err or code not in (0, 2):
        return [f"exits {code} and says {err.strip()[-500:]}"]
    if code == 2 and table not in err:
        return [f"its sentence does not name the table: {err.strip()[-500:]}"]
    return []
