"""Whether Databricks' own library of bundles takes each resource, and whether it calls a field a preview.

The library is for development only (its licence is not free), so it may be absent. It documents the
stage of a field in the text below it, which is read from its source.
"""

import ast
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from pipeline.bundle.lint.documents import Documents
from pipeline.bundle.lint.fault import Fault

CLASSES = {
    "alerts": ("alerts", "Alert"),
    "dashboards": ("dashboards", "Dashboard"),
    "experiments": ("experiments", "MlflowExperiment"),
    "jobs": ("jobs", "Job"),
    "registered_models": ("registered_models", "RegisteredModel"),
    "schemas": ("schemas", "Schema"),
    "secret_scopes": ("secret_scopes", "SecretScope"),
    "sql_warehouses": ("sql_warehouses", "SqlWarehouse"),
    "volumes": ("volumes", "Volume"),
}
"""The library's module and class of each kind of resource that a bundle of ours may hold."""
_STAGE = re.compile(
    r"\s*(?::meta private: \[EXPERIMENTAL\]\s*)?\[(Beta|Public Preview|Private Preview|DEPRECATED)\]"
    r"|\s*:meta private: \[(EXPERIMENTAL)\]"
)


def has_library() -> bool:
    try:
        return find_spec("databricks.bundles") is not None
    except ModuleNotFoundError:
        return False


def library_faults(documents: Documents) -> Iterator[Fault]:
    """Nothing where the library is not installed."""
    if not has_library():
        return
    for resource in (*documents.resources(*CLASSES), *documents.changed_resources(*CLASSES)):
        module, name = CLASSES[resource.kind]
        kind = getattr(import_module(f"databricks.bundles.{module}"), name)
        try:
            kind.from_dict(dict(resource.value))
        except (TypeError, ValueError) as error:
            yield resource.fault("", f"Databricks' library does not take it: {_sentence(error)}")
        for place, stage in _previews(kind, resource.value):
            yield resource.fault(
                place, f"is {stage}: nothing here may rest on what can still change"
            )


def _sentence(error: Exception) -> str:
    return str(error).splitlines()[0].replace("__init__() ", "")


def _previews(kind: type, value: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Fields of `value` that are no settled part of the format, wherever they stand in it."""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _previews(kind, entry, f"{place}[{number}]")
        return
    if not isinstance(value, Mapping) or not is_dataclass(kind):
        return
    stages, hints = _stages(kind), typing.get_type_hints(kind)
    for name, entry in value.items():
        here = f"{place}.{name}"
        if name in stages:
            yield here, stages[name]
        elif (inner := _dataclass_within(hints.get(name))) is not None:
            yield from _previews(inner, entry, here)


def _dataclass_within(hint: Any) -> type | None:
    """The library's class that a field's type holds, behind lists and unions with variables."""
    if isinstance(hint, type) and is_dataclass(hint) and hint.__name__ != "Variable":
        return hint
    if typing.get_origin(hint) in (typing.Union, types.UnionType, list):
        for argument in typing.get_args(hint):
            if (inner := _dataclass_within(argument)) is not None:
                return inner
    return None


@cache
def _stages(kind: type) -> Mapping[str, str]:
    """By field, the stage that its text begins with."""
    tree = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    [body] = [
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    ]
    stages = {}
    for declared, text in pairwise(body):
        if isinstance(declared, ast.AnnAssign) and isinstance(text, ast.Expr):
            stage = _STAGE.match(str(getattr(text.value, "value", "")))
            if stage is not None:
                stages[ast.unparse(declared.target)] = stage[1] or stage[2]
    return stages
