"""The settings of each target: `rightrun.yml` with what has to differ between targets."""

from typing import Any

from pipeline.bundle.project import Project, Target
from pipeline.bundle.securables import target_experiment
from pipeline.tables.declaration import Layer


def home_settings(project: Project, target: Target) -> dict[str, Any]:
    """What the night of `target` is told; the same catalog as that of the bundle's schemas and models."""
    regions = dict(target.catalog_of_region)
    return {
        **project.settings,
        **({"system_catalog": regions} if regions else {}),
        "catalog": target.catalog,
        "experiment": target_experiment(project.setting("experiment"), target.name),
        "model_prefix": f"{target.catalog}.{Layer.MODEL.schema}",
    }
