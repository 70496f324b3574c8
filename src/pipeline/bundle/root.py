"""`databricks.yml` as `init` writes it: variables and targets, which are the user's from then on."""

from typing import Any

from pipeline.bundle.environment import DISTRIBUTION
from pipeline.bundle.grants import SCHEMAS
from pipeline.bundle.securables import CHANNELS, SCOPE_NAME
from pipeline.lakehouse.catalog.statements import STAGING

_PRINCIPAL = "${var.run_as}"
_ROOT = "/Workspace/Users/${var.run_as}/.bundle/${bundle.name}/${bundle.target}"
_DEVELOPER = "${workspace.current_user.short_name}"
_CLI_VERSION = ">= 1.3.0"


def root_document(catalog: str, *, builds_wheel: bool) -> dict[str, Any]:
    """The bundle without its resources; `builds_wheel` where it lies in a checkout of RightRun."""
    artifacts = {DISTRIBUTION: {"type": "whl", "build": "uv build --wheel", "path": "."}}
    return {
        "bundle": {"name": DISTRIBUTION, "databricks_cli_version": _CLI_VERSION},
        "include": ["resources/*.yml"],
        "sync": {"paths": ["resources/homes"]},
        **({"artifacts": artifacts} if builds_wheel else {}),
        "variables": _variables(catalog),
        "targets": {
            "dev": {
                "mode": "development",
                "default": True,
                "variables": {"catalog": f"{catalog}_dev"},
                # Of all names this alone is not made each developer's own by the mode.
                "resources": {"secret_scopes": {CHANNELS: {"name": f"{SCOPE_NAME}-{_DEVELOPER}"}}},
            },
            "staging": {
                **_shared(f"{catalog}_staging"),
                "presets": {"trigger_pause_status": "PAUSED"},
            },
            "prod": {**_shared(catalog), "resources": {"schemas": _protected_schemas()}},
        },
    }


def _shared(catalog: str) -> dict[str, Any]:
    """A target that one service principal deploys and runs, whoever asks for it."""
    return {
        "mode": "production",
        "workspace": {"root_path": _ROOT},
        "run_as": {"service_principal_name": _PRINCIPAL},
        # No readers here: of a bundle, CAN_VIEW is READ on its secrets too.
        "permissions": [{"level": "CAN_MANAGE", "service_principal_name": _PRINCIPAL}],
        "variables": {"catalog": catalog},
    }


def _protected_schemas() -> dict[str, Any]:
    """What is in them goes back further than any source, so that nothing could make it again."""
    return {
        schema: {
            "catalog_name": "${var.catalog}",
            "name": schema,
            "lifecycle": {"prevent_destroy": True},
        }
        for schema in SCHEMAS
        if schema != STAGING
    }


def _variables(catalog: str) -> dict[str, Any]:
    return {
        "catalog": {
            "description": "Catalog of the tables; it has to be there. Each target has its own.",
            "default": catalog,
        },
        "warehouse_id": {
            "description": "SQL warehouse for the dashboard and for SQL alerts; without one the dashboard is not"
            " brought up to date after a night, which itself needs none, and there are no alerts.",
            "default": "",
        },
        "notification_email": {
            "description": "Who hears of a night that fails or is late.",
            "default": "${workspace.current_user.userName}",
        },
        "destinations": {
            "description": "Notification destinations that hear of it too, at most three: `id: ...` each.",
            "type": "complex",
            "default": [],
        },
        "subscribers": {
            "description": "Who is sent the dashboard after each night: `user_name: ...` or `destination_id: ...`"
            " each.",
            "type": "complex",
            "default": [],
        },
        "alert_subscribers": {
            "description": "Who is told by the SQL alerts of what RightRun cannot say itself: `user_email: ...` or"
            " `destination_id: ...` each; without any they are paused.",
            "type": "complex",
            "default": [],
        },
        "sources": {
            "description": "By region the catalog of its system tables, this workspace's own region first; empty"
            " where there is one.",
            "type": "complex",
            "default": {},
        },
        "readers": {
            "description": "Group of the account that may read Gold; it has to be there.",
            "default": "rightrun-readers",
        },
        "run_as": {
            "description": "Application id of the service principal that deploys and runs; in development whoever"
            " deploys.",
            "default": "${workspace.current_user.userName}",
        },
        "team": {
            "description": "Team that pays for RightRun's own jobs.",
            "default": "data-platform",
        },
        "team_groups": {
            "description": "By team, the group of the account that may see no more of Gold than this team's rows;"
            " `rightrun bundle generate` makes SQL of it.",
            "type": "complex",
            "default": {},
        },
    }
