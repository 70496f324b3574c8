"""What RightRun asks for installs on a serverless task: it never asks for another version than the one
that Databricks' environment brings, because a wheel that replaces those is refused there."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PYTHON = "3.12.3"
# github.com/databricks/environments, python/serverless/serverless-v5 and -v6, constraints.txt: those
# of their pins that RightRun needs too.
PINS = {
    "5": {
        "filelock": "3.17",
        "jinja2": "3.1.6",
        "matplotlib": "3.10.0",
        "mlflow-skinny": "3.8.1",
        "numpy": "2.1.3",
        "pandas": "2.2.3",
        "pyarrow": "21.0.0",
        "pydantic": "2.10.6",
        "pyyaml": "6.0.2",
        "rich": "13.9.4",
        "scipy": "1.15.3",
        "tzdata": "2024.1",
    },
    "6": {
        "matplotlib": "3.10.6",
        "mlflow-skinny": "3.12.0",
        "numpy": "2.3.4",
        "pandas": "2.3.3",
        "pyarrow": "21.0.0",
        "pydantic": "2.13.3",
        "rich": "14.2.0",
        "scipy": "1.16.3",
        "tzdata": "2026.2",
    },
}
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
ASKED = {one.name: one.specifier for one in map(Requirement, PROJECT["dependencies"])}


@pytest.mark.parametrize("environment", PINS)
def test_the_ranges_admit_what_a_serverless_environment_pins(environment: str) -> None:
    pins = PINS[environment]
    assert pins.keys() <= ASKED.keys()
    refused = [f"{name} {pin}" for name, pin in pins.items() if pin not in ASKED[name]]
    assert refused == []


def test_the_python_of_the_serverless_environments_is_ours() -> None:
    assert PYTHON in Requirement(f"rightrun{PROJECT['requires-python']}").specifier
