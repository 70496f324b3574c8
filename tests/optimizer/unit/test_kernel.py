"""Compiled functions follow what they are compiled from, and are kept where there is a place."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import optimizer

_ASKS = """
import numpy as np
from optimizer.forecast.sample import curve_of_sample
from optimizer.quantile import LEVELS, LOGIT_LEVELS
out, values = np.empty(LEVELS.size), np.arange(5.0)
curve_of_sample(values, np.zeros(5, bool), np.ones(5), 5.0, 0.1, 1.0, 0.005, LEVELS, LOGIT_LEVELS, out)
print(out.tolist())
"""

_DOUBLES = """
from optimizer.kernel import kernel

@kernel
def doubled(number: int) -> int:
    return 2 * number
"""


def _copied(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(optimizer.__file__).parent, folder / "optimizer", ignore=ignored)
    return folder


def _answer(packages: Path, asks: str = _ASKS, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-c", asks]
    process = subprocess.run(
        command, env=environment | variables, check=True, capture_output=True, text=True
    )
    return process.stdout


def test_what_a_function_calls_from_another_file_is_not_taken_from_the_cache(
    tmp_path: Path,
) -> None:
    _copied(tmp_path)
    before = _answer(tmp_path)
    assert list(tmp_path.rglob("*.nbc"))
    called = tmp_path / "optimizer" / "quantile.py"
    text = called.read_text()
    assert text.count("total = new_weight") == 1
    called.write_text(text.replace("total = new_weight", "total = 2.0 * new_weight"))
    assert _answer(tmp_path) != before
    called.write_text(text)
    assert _answer(tmp_path) == before


def test_the_cache_stands_in_the_first_place_that_can_be_written_to(tmp_path: Path) -> None:
    packages, home, chosen = _copied(tmp_path / "packages"), tmp_path / "home", tmp_path / "chosen"
    (packages / "doubling.py").write_text(_DOUBLES)
    # A file where a folder is needed stops root as well, whom no permission does.
    (packages / "optimizer" / "__pycache__").touch()
    nowhere = str(packages / "optimizer" / "__pycache__" / "below")
    asks = "from doubling import doubled; print(doubled(21))"

    def kept(place: Path) -> bool:
        return any(place.rglob("*.nbc"))

    unkept = f"import optimizer.baselines; {asks}"
    assert _answer(packages, unkept, HOME=nowhere, NUMBA_CACHE_DIR=nowhere) == "42\n"
    assert not kept(tmp_path)
    assert _answer(packages, asks, HOME=str(home)) == "42\n"
    assert kept(home)
    assert not kept(packages)
    assert _answer(packages, asks, HOME=nowhere, NUMBA_CACHE_DIR=str(chosen)) == "42\n"
    assert kept(chosen)
