"""What a night needs besides jobs: schemas, volume and registered models; experiment and secret scope."""

import re
from typing import Any

from pipeline.bundle.grants import (
    SCHEMAS,
    model_grants,
    schema_comment,
    schema_grants,
    volume_grants,
)
from pipeline.tables.declaration import Layer
from pipeline.tracking.families import FAMILIES
from pipeline.tracking.model_cards import card

VOLUME = "collected"
REPORT_VOLUME = "reports"
REPORTS = f"/Volumes/${{var.catalog}}/${{resources.schemas.ops.name}}/${{resources.volumes.{REPORT_VOLUME}.name}}"
"""The folder of the reports."""
CHANNELS = "channels"
SCOPE_NAME = "${bundle.name}-${bundle.target}"
_PURPOSE = re.compile(r"\*\*Purpose\.\*\* (.+?[.;:])(?=\s|$)", re.DOTALL)


def schemas() -> dict[str, Any]:
    return {
        schema: {
            "catalog_name": "${var.catalog}",
            "name": schema,
            "comment": schema_comment(schema),
            "grants": schema_grants(schema),
        }
        for schema in SCHEMAS
    }


def volumes() -> dict[str, Any]:
    comments = {
        VOLUME: "What is collected in other regions, for the night to read",
        REPORT_VOLUME: "Reports of each week and month, of the account and of its teams",
    }
    return {
        name: {
            "catalog_name": "${var.catalog}",
            "schema_name": _name_of(Layer.OPS.schema),
            "name": name,
            "volume_type": "MANAGED",
            "comment": comment,
            "grants": volume_grants(),
        }
        for name, comment in comments.items()
    }


def registered_models() -> dict[str, Any]:
    """One a family of statistics, whatever the number of jobs; a night adds versions."""
    return {
        family.name: {
            "catalog_name": "${var.catalog}",
            "schema_name": _name_of(Layer.MODEL.schema),
            "name": family.name,
            "comment": _purpose(family.name),
            "grants": model_grants(),
        }
        for family in FAMILIES
    }


def experiments(experiment: str) -> dict[str, Any]:
    """`experiment` is the setting: each target has one of its own, as two may share a workspace."""
    return {"nights": {"name": target_experiment(experiment, "${bundle.target}")}}


def target_experiment(experiment: str, target: str) -> str:
    return f"{experiment}-{target}"


def secret_scopes() -> dict[str, Any]:
    """Empty: for the addresses of channels. No readers: whoever may manage the bundle may read it."""
    return {CHANNELS: {"name": SCOPE_NAME}}


def _name_of(schema: str) -> str:
    """By reference, so that the schema is made first and its name follows in development."""
    return f"${{resources.schemas.{schema}.name}}"


def _purpose(family: str) -> str:
    """The first sentence of the family's card."""
    purpose = _PURPOSE.search(card(family))
    if purpose is None:
        raise ValueError(f"the card of {family} does not begin with its purpose")
    return purpose[1].rstrip(";:.")
