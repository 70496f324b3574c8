"""Whether the bundle as a whole fits the JSON schema that `databricks bundle schema` prints.

Each resource is held against its own part of the schema too: of a resource that does not fit, the
schema of the whole only says that something in it does not.
"""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.bundle.lint.documents import Documents
from pipeline.bundle.lint.fault import Fault
from pipeline.bundle.project import ROOT
from pipeline.errors import UserError

_RESOURCES = "github.com/databricks/cli/bundle/config/resources"
_CLASSES = {
    "alerts": "Alert",
    "dashboards": "Dashboard",
    "experiments": "MlflowExperiment",
    "jobs": "Job",
    "registered_models": "RegisteredModel",
    "schemas": "Schema",
    "secret_scopes": "SecretScope",
    "volumes": "Volume",
}
_LONGEST = 200


def schema_faults(documents: Documents, file: Path) -> list[Fault]:
    """UserError where the schema or its library is not to be had."""
    if find_spec("jsonschema_rs") is None:
        raise UserError(
            "--schema needs the package jsonschema-rs: install it, or leave the option out"
        )
    import jsonschema_rs

    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
        whole = jsonschema_rs.validator_for(schema)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file} is no JSON schema: write what databricks bundle schema prints"
        ) from error
    faults = []
    for resource in documents.resources():
        part = _part(schema, _CLASSES.get(resource.kind, ""))
        if part is not None:
            faults += [
                resource.fault(_place(misfit.instance_path), _short(misfit.message))
                for misfit in jsonschema_rs.validator_for(part).iter_errors(dict(resource.value))
            ]
    is_said_of_resources = bool(faults)
    for name, document in documents.files.items():
        for misfit in whole.iter_errors(document):
            if not (is_said_of_resources and misfit.instance_path[:1] == ["resources"]):
                place = _place(misfit.instance_path).lstrip(".")
                faults.append(Fault(name, place, _short(misfit.message)))
    if not faults and not whole.is_valid(documents.whole()):
        faults.append(Fault(ROOT, "", "its files do not fit the schema together"))
    return faults


def _part(schema: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The schema of one kind of resource, where the whole has it under the name that the CLI gives it."""
    node: Any = schema.get("$defs", {})
    for step in f"{_RESOURCES}.{name}".split("/"):
        node = node.get(step) if isinstance(node, Mapping) else None
    if node is None:
        return None
    return {"$ref": f"#/$defs/{_RESOURCES}.{name}", "$defs": schema["$defs"]}


def _place(path: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _short(message: str) -> str:
    """What does not fit, without the whole of a resource."""
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."
