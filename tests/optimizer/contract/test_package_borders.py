"""What importing the statistics must not bring along."""

import subprocess
import sys

import pytest

FAMILIES = ("baselines", "forecast", "rightsizing")
FOREIGN = {"pyspark", "pysail", "mlflow", "databricks", "delta", "deltalake", "pipeline"}


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The modules that a fresh interpreter holds after importing one family, for each family."""
    started = {
        family: subprocess.Popen(
            [sys.executable, "-c", f"import optimizer.{family}, sys; print(*sys.modules)"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for family in FAMILIES
    }
    modules = {family: set(process.communicate()[0].split()) for family, process in started.items()}
    assert all(process.returncode == 0 for process in started.values())
    return modules


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_imports_no_engine_and_no_other_family(
    family: str, loaded: dict[str, set[str]]
) -> None:
    assert f"optimizer.{family}" in loaded[family]
    assert not {name.split(".")[0] for name in loaded[family]} & FOREIGN
    others = {f"optimizer.{other}" for other in FAMILIES if other != family}
    assert not loaded[family] & others
