"""The wheel by itself in the environments of serverless compute: what it brings, and what it leaves alone."""

import subprocess

import pytest

from tests.environment.environments import (
    AARCH64,
    X86_64,
    Environment,
    environment,
    resolved,
    wheel,
)

_NOT_THERE = ("pyspark", "pysail", "deltalake", "mlflow")
"""Of a laptop; a workspace has the first and the last in ways of its own."""
_IMPORTS = """
import importlib, pkgutil, sys
import optimizer, pipeline, simulator

of_a_laptop = {
    "pipeline.answers.delta_reader", "pipeline.lakehouse.folder", "pipeline.sources.export",
    "pipeline.sources.export_file", "pipeline.cli.__main__",
}
for package in (optimizer, pipeline, simulator):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not any(module.name == one or module.name.startswith(one + ".") for one in of_a_laptop):
            importlib.import_module(module.name)
print(len(sys.modules))
"""


@pytest.fixture(scope="module", params=[5, 6])
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    number: int = request.param
    place = tmp_path_factory.mktemp(f"serverless-{number}")
    return environment(place / "environment", number, wheel(place))


def test_nothing_of_the_base_moves(installed: Environment) -> None:
    moved = {
        name: (version, installed.after.get(name))
        for name, version in installed.before.items()
        if installed.after.get(name) != version
    }
    assert not moved
    assert not installed.after.keys() & {*_NOT_THERE}


def test_every_module_is_imported_without_what_a_laptop_needs(installed: Environment) -> None:
    """With the client of Spark 4.1 and of Spark 4.2: of a server of 4.2 there is no Delta Lake yet."""
    command = [str(installed.python), "-c", _IMPORTS]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=installed.folder
    )
    assert done.returncode == 0, done.stderr
    entry = installed.folder / "bin" / "rightrun"
    done = subprocess.run([entry, "nightly", "--help"], capture_output=True, text=True, check=True)
    assert "--night" in done.stdout


@pytest.mark.parametrize("number", [5, 6])
def test_wheels_exist_for_both_kinds_of_processor(number: int) -> None:
    needed = resolved(number, X86_64)
    assert resolved(number, AARCH64) == needed
    assert not needed.keys() & {*_NOT_THERE}
