"""Compiled functions follow what they are compiled from."""

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


def _answer(packages: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    environment.pop("NUMBA_CACHE_DIR", None)
    asked = [sys.executable, "-c", _ASKS]
    done = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_what_a_function_calls_from_another_file_is_not_taken_from_the_cache(
    tmp_path: Path,
) -> None:
    shutil.copytree(
        Path(optimizer.__file__).parent,
        tmp_path / "optimizer",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    before = _answer(tmp_path)
    assert list(tmp_path.rglob("*.nbc"))
    called = tmp_path / "optimizer" / "quantile.py"
    text = called.read_text()
    assert text.count("total = new_weight") == 1
    called.write_text(text.replace("total = new_weight", "total = 2.0 * new_weight"))
    assert _answer(tmp_path) != before
    called.write_text(text)
    assert _answer(tmp_path) == before
