"""Whether every `${...}` of the bundle and every `{{...}}` of a job leads to something that is there."""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from pipeline.bundle.lint.documents import Documents, Resource, items, mapping, texts
from pipeline.bundle.lint.fault import Fault
from pipeline.bundle.names import REFERENCE

_OPENED = re.compile(r"(?<!\$)\$\{")
_DYNAMIC = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_BUNDLE = re.compile(r"bundle\.(name|target|environment|mode|uuid|git\.[a-z_]+)")
_WORKSPACE = re.compile(
    r"workspace\.(host|profile|(root|file|artifact|resource|state)_path|current_user\.[A-Za-z_]+)"
)
# Databricks' dynamic value references.
_OF_A_RUN = re.compile(
    r"job\.(id|name|run_id|repair_count|(start_time|trigger\.time|trigger)\.[a-z_]+)"
    r"|task\.(name|run_id|execution_count|notebook_path)"
    r"|workspace\.(id|url)"
)
_OF_PARAMETER = re.compile(r"job\.parameters\.([A-Za-z0-9_.-]+)")
_OF_TASK = re.compile(
    r"tasks\.([A-Za-z0-9_-]+)\.(run_id|result_state|error_code|execution_count|values\.\S+|output\.\S+)"
)


def reference_faults(documents: Documents) -> Iterator[Fault]:
    variables = documents.section("variables")
    names = {f"{resource.kind}.{resource.key}" for resource in documents.resources()}
    for file, document in documents.files.items():
        for place, text in texts(document):
            if len(_OPENED.findall(text)) != len(REFERENCE.findall(text)):
                yield Fault(
                    file, place, "holds ${ that is not closed: write $${ for the signs themselves"
                )
            for reference in REFERENCE.findall(text):
                if problem := _problem(reference, variables, names):
                    yield Fault(file, place, f"${{{reference}}} leads nowhere: {problem}")
    for job in documents.resources("jobs"):
        yield from _dynamic_faults(job)


def _problem(reference: str, variables: Mapping[str, Any], resources: Set[str]) -> str:
    """Why there is nothing at the end of the reference; empty where there is."""
    kind, _, rest = reference.partition(".")
    if kind == "var":
        name, _, within = rest.partition(".")
        return _variable_problem(name, within, variables)
    if kind == "resources":
        name = ".".join(rest.split(".")[:2])
        return "" if name in resources else f"there is no resource {name}"
    if _BUNDLE.fullmatch(reference) or _WORKSPACE.fullmatch(reference):
        return ""
    return "it names a variable (var.), a resource (resources.), or a field of bundle or workspace"


def _variable_problem(name: str, within: str, variables: Mapping[str, Any]) -> str:
    if name not in variables:
        return f"there is no variable {name}"
    value = mapping(variables[name]).get("default")
    for part in within.split(".") if within else ():
        if not isinstance(value, dict) or part not in value:
            return f"the default of {name} has no {part}"
        value = value[part]
    return ""


def _dynamic_faults(job: Resource) -> Iterator[Fault]:
    parameters = {str(parameter.get("name")) for parameter in items(job.value.get("parameters"))}
    task_keys = {str(task.get("task_key")) for task in items(job.value.get("tasks"))}
    for place, text in texts(job.value):
        if text.count("{{") != len(_DYNAMIC.findall(text)):
            yield job.fault(f".{place}", "holds {{ that is not closed")
        for value in _DYNAMIC.findall(text):
            parameter, task = _OF_PARAMETER.fullmatch(value), _OF_TASK.fullmatch(value)
            if parameter and parameter[1] not in parameters:
                yield job.fault(f".{place}", f"the job has no parameter {parameter[1]}")
            elif task and task[1] not in task_keys:
                yield job.fault(f".{place}", f"the job has no task {task[1]}")
            elif not (parameter or task or _OF_A_RUN.fullmatch(value)):
                yield job.fault(f".{place}", f"{{{{{value}}}}} is no value that a run knows")
