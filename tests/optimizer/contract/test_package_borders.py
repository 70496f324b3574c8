"""What importing the statistics must not bring along."""

import subprocess
import sys

import pytest

FAMILIES = ("baselines", "forecast", "rightsizing")


def _modules_after(imported: str) -> set[str]:
    code = f"import sys, {imported}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_imports_no_engine_and_no_other_family(family: str) -> None:
    loaded = _modules_after(f"optimizer.{family}")
    assert f"optimizer.{family}" in loaded
    roots = {name.split(".")[0] for name in loaded}
    assert not roots & {"pyspark", "pysail", "mlflow", "databricks", "delta", "deltalake", "pipeline"}
    others = {f"optimizer.{other}" for other in FAMILIES if other != family}
    assert not loaded & others
