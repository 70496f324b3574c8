"""Whether the parts of a bundle that are no resource are spelled as the format has them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.bundle.lint.documents import Documents, mapping
from pipeline.bundle.lint.fault import Fault
from pipeline.bundle.project import ROOT
from pipeline.near_names import did_you_mean

# As `databricks bundle schema` of CLI 1.13 prints them.
_ROOT = frozenset(
    {
        *(
            "artifacts",
            "bundle",
            "environments",
            "experimental",
            "include",
            "permissions",
            "presets",
        ),
        *("python", "resources", "run_as", "scripts", "sync", "targets", "variables", "workspace"),
    }
)
_TARGET = frozenset(
    {
        *("artifacts", "bundle", "cluster_id", "default", "git", "mode", "permissions", "presets"),
        *("resources", "run_as", "sync", "variables", "workspace"),
    }
)
_BUNDLE = frozenset(
    {"cluster_id", "databricks_cli_version", "deployment", "engine", "git", "name", "uuid"}
)
_SECTIONS = {
    "presets": frozenset(
        {
            *("artifacts_dynamic_version", "jobs_max_concurrent_runs", "name_prefix"),
            *("pipelines_development", "source_linked_deployment", "tags", "trigger_pause_status"),
        }
    ),
    "run_as": frozenset({"service_principal_name", "user_name"}),
    "sync": frozenset({"exclude", "include", "paths"}),
}
_VARIABLE = frozenset({"default", "description", "lookup", "type"})
_MODES = ("development", "production")
KINDS = frozenset(
    {
        *("alerts", "apps", "catalogs", "clusters", "dashboards", "database_catalogs"),
        *("database_instances", "experiments", "external_locations", "genie_spaces"),
        *("instance_pools", "job_runs", "jobs", "model_serving_endpoints", "models", "pipelines"),
        *("quality_monitors", "registered_models", "schemas", "secret_scopes", "secrets"),
        *("sql_warehouses", "synced_database_tables", "vector_search_endpoints"),
        *("vector_search_indexes", "volumes"),
    }
)


def shape_faults(documents: Documents) -> Iterator[Fault]:
    for file, document in documents.files.items():
        yield from _unknown(file, "", document, _ROOT)
        yield from _sections(file, "", document)
        yield from _kinds(file, document)
    yield from _unknown(ROOT, "bundle", mapping(documents.root.get("bundle")), _BUNDLE)
    name = mapping(documents.root.get("bundle")).get("name")
    if not isinstance(name, str) or not name or "${" in name:
        yield Fault(ROOT, "bundle.name", "must be text without ${...}")
    variables = documents.section("variables")
    for variable, declared in variables.items():
        yield from _unknown(ROOT, f"variables.{variable}", mapping(declared), _VARIABLE)
    for target, declared in documents.section("targets").items():
        yield from _target(str(target), declared, variables)
    declared_in: dict[str, str] = {}
    for resource in documents.resources():
        first = declared_in.setdefault(resource.place, resource.file)
        if first != resource.file:
            yield resource.fault("", f"is declared in {first} too")


def _kinds(file: str, document: Mapping[str, Any]) -> Iterator[Fault]:
    resources = document.get("resources", {})
    if not isinstance(resources, dict):
        yield Fault(file, "resources", "must map kinds of resources")
        return
    yield from _unknown(file, "resources", resources, KINDS)
    for kind, declared in resources.items():
        if not isinstance(declared, dict) or not all(
            isinstance(resource, dict) for resource in declared.values()
        ):
            yield Fault(file, f"resources.{kind}", "must map names to resources")


def _sections(file: str, within: str, document: Mapping[str, Any]) -> Iterator[Fault]:
    """Those that stand in the root and in targets alike."""
    for name, fields in _SECTIONS.items():
        yield from _unknown(file, f"{within}{name}", mapping(document.get(name)), fields)


def _target(target: str, declared: object, variables: Mapping[str, Any]) -> Iterator[Fault]:
    place = f"targets.{target}"
    if not isinstance(declared, dict):
        yield Fault(ROOT, place, "is empty: a target has a mode, or variables")
        return
    yield from _unknown(ROOT, place, declared, _TARGET)
    yield from _sections(ROOT, f"{place}.", declared)
    mode = declared.get("mode")
    if mode is not None and mode not in _MODES:
        yield Fault(ROOT, f"{place}.mode", f"is {mode!r}; modes are {' and '.join(_MODES)}")
    if mode == "production":
        if not mapping(declared.get("workspace")).get("root_path"):
            yield Fault(
                ROOT,
                f"{place}.workspace",
                "production needs a root_path, or two may deploy side by side",
            )
        if not mapping(declared.get("run_as")).get("service_principal_name"):
            yield Fault(ROOT, f"{place}.run_as", "production runs as a service principal: name it")
    own = mapping(declared.get("variables"))
    yield from _unknown(ROOT, f"{place}.variables", own, frozenset(variables))
    for variable, value in variables.items():
        if not {"default", "lookup"} & mapping(value).keys() and variable not in own:
            yield Fault(
                ROOT, f"{place}.variables", f"{variable} has neither a value here nor a default"
            )


def _unknown(
    file: str, place: str, section: Mapping[str, Any], names: frozenset[str]
) -> Iterator[Fault]:
    for name in section:
        if name not in names:
            hint = did_you_mean(
                str(name), names, otherwise=f"it may hold {', '.join(sorted(names)) or 'nothing'}"
            )
            yield Fault(
                file, f"{place}.{name}" if place else str(name), f"there is no such field: {hint}"
            )
