"""Two nights started at once on one home: one works, the other says who does, or waits."""

from pathlib import Path
from typing import Any

from benchmarks.soak.homes import differing, leftovers
from benchmarks.soak.kills import Undisturbed, begin

_WRITTEN_BY = "is being written by"


def rivals(first: Undisturbed, second: Undisturbed, home: Path) -> dict[str, Any]:
    """A first night against another, then an incremental one with --wait against another."""
    broken = []
    outcomes = _both(first.export, home)
    codes = sorted(code for code, _ in outcomes)
    if codes != [0, 2]:
        broken.append(f"two nights at once exit {codes}, not one 0 and one 2")
    sentences = [err.strip() for code, err in outcomes if code == 2]
    broken += [
        f"the second says {sentence!r}" for sentence in sentences if _WRITTEN_BY not in sentence
    ]
    broken += [*differing(home, first.home), *leftovers(home)]

    waited = [code for code, _ in _both(second.export, home, "--wait")]
    if waited != [0, 0]:
        broken.append(f"two nights that wait exit {waited}")
    broken += [*differing(home, second.home), *leftovers(home)]
    return {"exit_codes": codes, "exit_codes_waiting": waited, "said": sentences, "broken": broken}


def _both(export: Path, home: Path, *more: str) -> list[tuple[int, str]]:
    racing = [begin(export, home, *more) for _ in range(2)]
    errors = [process.communicate()[1] for process in racing]
    return [(process.returncode, err) for process, err in zip(racing, errors, strict=True)]
