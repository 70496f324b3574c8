"""Whether the bundle as a whole fits the JSON schema that `databricks bundle schema` prints.

Each resource is held against its own part of the schema too: of a resource that does not fit, the
schema of the whole only says that something in it does not.
"""

import json
from collections.abc import Iterator, Mapping
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


def schema_faults(documents: Documents, file: Path) -> Iterator[Fault]:
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
    seen = False
    for resource in documents.resources():
        part = _part(schema, _CLASSES.get(resource.kind, ""))
        if part is not None:
            for misfit in jsonschema_rs.validator_for(part).iter_errors(dict(resource.value)):
                seen = True
                yield resource.fault(_place(misfit.instance_path), _short(misfit.message))
    for name, document in documents.files.items():
        for misfit in whole.iter_errors(document):
            if not (seen and misfit.instance_path[:1] == ["resources"]):
                place = _place(misfit.instance_path).lstrip(".")
                yield Fault(name, place, _short(misfit.message))
    if not seen and not whole.is_valid(documents.whole()):
        yield Fault(ROOT, "", "its files do not fit the schema together")


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
