"""A workflow of GitHub that delivers a bundle: checked on a pull request, then staging and its self-test,
then production, once somebody approves."""

from typing import Any

from pipeline.bundle.checked_by import BUNDLES_LIBRARY
from pipeline.bundle.environment import DISTRIBUTION

_ON_MAIN = "github.event_name == 'push'"


def delivery_workflow() -> dict[str, Any]:
    """Signed in by the workflow's own identity: there is no token to keep. Approval is the rule of the
    environment `production`, which is set in the repository's settings."""
    return {
        "name": "rightrun",
        "on": {"pull_request": None, "push": {"branches": ["main"]}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": "rightrun-${{ github.ref }}", "cancel-in-progress": False},
        "jobs": {
            "check": {
                "runs-on": "ubuntu-24.04",
                "timeout-minutes": 15,
                "steps": [
                    {"uses": "actions/checkout@v4"},
                    {"uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
                    # The graph that the bundle is generated from needs an engine's library.
                    {
                        "run": f'pip install "$(ls dist/{DISTRIBUTION}-*.whl)[local]" {BUNDLES_LIBRARY}'
                    },
                    {"run": "rightrun bundle check ."},
                ],
            },
            "staging": _deployment(
                "staging", "check", ["databricks bundle run selftest -t staging"]
            ),
            "production": _deployment("prod", "staging", [], environment="production"),
        },
    }


def _deployment(
    target: str, needs: str, afterwards: list[str], environment: str | None = None
) -> dict[str, Any]:
    commands = [
        f"databricks bundle validate --strict -t {target}",
        f"databricks bundle deploy -t {target}",
        *afterwards,
    ]
    return {
        "needs": needs,
        "if": _ON_MAIN,
        "runs-on": "ubuntu-24.04",
        "timeout-minutes": 60,
        "environment": environment or target,
        "permissions": {"contents": "read", "id-token": "write"},
        "env": {
            "DATABRICKS_AUTH_TYPE": "github-oidc",
            "DATABRICKS_HOST": "${{ vars.DATABRICKS_HOST }}",
            "DATABRICKS_CLIENT_ID": "${{ vars.DATABRICKS_CLIENT_ID }}",
        },
        "steps": [
            {"uses": "actions/checkout@v4"},
            {"uses": "databricks/setup-cli@main"},
            *({"run": command} for command in commands),
        ],
    }
