"""What importing the statistics must not bring along."""

import json
import subprocess
import sys

import pytest

FAMILIES = ("baselines", "forecast", "rightsizing")
FOREIGN = {"pyspark", "pysail", "mlflow", "databricks", "delta", "deltalake", "pipeline"}

# Libraries stay loaded from one family to the next, which costs nothing here: none may be foreign.
# Our own modules are forgotten in between, so each family shows what it imports itself.
PROBE = """
import importlib, json, sys
loaded = {}
for family in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "optimizer"]:
        del sys.modules[name]
    importlib.import_module("optimizer." + family)
    loaded[family] = sorted(sys.modules)
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The modules that a fresh interpreter holds after importing one family, for each family."""
    process = subprocess.run(
        [sys.executable, "-c", PROBE, *FAMILIES], capture_output=True, text=True, check=True
    )
    return json.loads(process.stdout)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_imports_no_engine_and_no_other_family(
    family: str, loaded: dict[str, list[str]]
) -> None:
    modules = set(loaded[family])
    assert f"optimizer.{family}" in modules
    assert not {name.split(".")[0] for name in modules} & FOREIGN
    assert not modules & {f"optimizer.{other}" for other in FAMILIES if other != family}
