"""The serverless environment of every task: our wheel, and what Databricks' base does not bring.

Each of these is pinned, so that a night runs with what was tested; none asks for another version than
the base has, because a wheel that replaces a package of the base is refused there.
"""

from importlib.metadata import version
from typing import Any

DISTRIBUTION = "rightrun"
ENVIRONMENT_KEY = "serverless"
ENVIRONMENT_VERSION = "5"
PINS = {
    "croniter": "7.0.0",
    "llvmlite": "0.50.0",
    "numba": "0.68.1",
    # The newest of these two that take the base's typing-extensions.
    "pydantic-settings": "2.15.0",
    "typing-inspection": "0.4.2",
    "slack-sdk": "3.48.0",
    "sqlglot": "30.30.0",
    "standardwebhooks": "1.1.0",
}
"""What our dependencies need beyond the base of environment 5, whole: pip has nothing to choose."""


def wheel_name() -> str:
    """The file name of the wheel of what is installed."""
    return f"{DISTRIBUTION}-{version(DISTRIBUTION)}-py3-none-any.whl"


def wheel_dependency() -> str:
    """The wheel as a file of `resources/` names it."""
    return f"../dist/{wheel_name()}"


def environments() -> list[dict[str, Any]]:
    """A job's environments: one, which all of its tasks share."""
    pinned = [f"{name}=={pin}" for name, pin in PINS.items()]
    return [
        {
            "environment_key": ENVIRONMENT_KEY,
            "spec": {
                "environment_version": ENVIRONMENT_VERSION,
                "dependencies": [wheel_dependency(), *pinned],
            },
        }
    ]
