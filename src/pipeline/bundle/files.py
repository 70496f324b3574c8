"""The files of a bundle: each by its place in the folder, with its text."""

from pathlib import Path

from pipeline.bundle import securables, workflow
from pipeline.bundle.administration import administration_sql
from pipeline.bundle.alerts import alerts
from pipeline.bundle.dashboards import DASHBOARD_FILE, dashboards
from pipeline.bundle.delivery import delivery_workflow
from pipeline.bundle.environment import DISTRIBUTION
from pipeline.bundle.homes import home_settings
from pipeline.bundle.project import ROOT, SETTINGS, Project, written_settings
from pipeline.bundle.root import root_document
from pipeline.bundle.row_filters import row_filter_sql
from pipeline.bundle.yaml_text import yaml_text
from pipeline.dashboards.lvdash.document import dashboard_text
from pipeline.errors import UserError
from pipeline.graph.graph import GRAPH
from pipeline.settings import Settings

_GENERATOR = "Made by `rightrun bundle generate`"
_MADE = _GENERATOR + " from {sources}; change those, not this file."
_DELIVERY = ".github/workflows/rightrun.yml"


def generated_files(project: Project) -> dict[str, str]:
    """What `generate` writes and `check` compares: everything below `resources` that is ours."""
    documents = {
        "nightly": {"jobs": {"nightly": workflow.nightly(GRAPH)}},
        "watch": {"jobs": {"watch": workflow.watch()}},
        "deliver": {"jobs": {"deliver": workflow.deliver()}},
        "maintain": {"jobs": {"maintain": workflow.maintain()}},
        "reports": {"jobs": workflow.reports(project.setting("channels"))},
        "selftest": {"jobs": {"selftest": workflow.selftest()}},
        "unity_catalog": {
            "schemas": securables.schemas(),
            "volumes": securables.volumes(),
            "registered_models": securables.registered_models(),
        },
        "workspace": {
            "experiments": securables.experiments(project.setting("experiment")),
            "secret_scopes": securables.secret_scopes(),
        },
        "dashboards": {"dashboards": dashboards()},
    }
    # An alert cannot be made without a warehouse, and a resource is made in every target.
    if all(target.has_warehouse for target in project.targets):
        is_told = all(target.has_alert_subscribers for target in project.targets)
        documents["alerts"] = {"alerts": alerts(is_on=is_told)}
    header = _MADE.format(sources="the graph and the tables")
    files = {
        f"resources/{name}.yml": yaml_text({"resources": resources}, header)
        for name, resources in documents.items()
    }
    files[f"resources/{DASHBOARD_FILE}"] = dashboard_text(project.setting("currency_code"))
    for target in project.targets:
        files[f"resources/homes/{target.name}/{SETTINGS}"] = yaml_text(
            home_settings(project, target), _MADE.format(sources=f"{SETTINGS} and {ROOT}")
        )
        files[f"resources/sql/{target.name}.sql"] = administration_sql(
            target, project.setting("system_catalog")
        )
        if target.groups_of_team:
            files[f"resources/sql/{target.name}_row_filters.sql"] = row_filter_sql(
                target.catalog, target.groups_of_team
            )
    return files


def first_files(folder: Path) -> dict[str, str]:
    """What `init` writes and leaves to the user; UserError where there is a bundle already."""
    if (folder / ROOT).exists():
        raise UserError(
            f"{folder / ROOT} is there already: change it, and run rightrun bundle generate"
        )
    settings = written_settings(folder)
    catalog = settings.get("catalog", Settings.model_fields["catalog"].default)
    files = {ROOT: root_text(catalog, builds_wheel=is_checkout(folder))}
    if not (folder / SETTINGS).exists():
        files[SETTINGS] = (
            "# Settings of RightRun, for all targets. Catalog, experiment and models differ between targets:\n"
            "# `rightrun bundle generate` adds them from databricks.yml.\n"
            f"currency_code: {Settings.model_fields['currency_code'].default}\n"
        )
    if not is_checkout(folder) and not (folder / _DELIVERY).exists():
        files[_DELIVERY] = yaml_text(
            delivery_workflow(),
            "Written by `rightrun bundle init`; yours from now on.",
            "It needs two environments in the repository's settings, staging and production, each with the",
            "variables DATABRICKS_HOST and DATABRICKS_CLIENT_ID; reviewers of production approve a deployment.",
        )
    return files


def root_text(catalog: str, *, builds_wheel: bool) -> str:
    return yaml_text(
        root_document(catalog, builds_wheel=builds_wheel),
        "Written by `rightrun bundle init`; yours from now on. After a change here: rightrun bundle generate.",
    )


def is_checkout(folder: Path) -> bool:
    """Whether the folder is RightRun's own repository, where a deployment builds the wheel."""
    project = folder / "pyproject.toml"
    return project.is_file() and f'name = "{DISTRIBUTION}"' in project.read_text(encoding="utf-8")


def stale_files(folder: Path, files: dict[str, str]) -> list[str]:
    """Those of `files` that the folder has otherwise or not at all."""
    return [
        name
        for name, text in files.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write_files(folder: Path, files: dict[str, str]) -> list[str]:
    """Write those that differ; their names."""
    written = stale_files(folder, files)
    for name in written:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(files[name], encoding="utf-8")
    return written


def unused_files(folder: Path, files: dict[str, str]) -> list[str]:
    """What `generate` has written below `resources` once and would not any more."""
    names = [file.relative_to(folder).as_posix() for file in _below_resources(folder)]
    return [
        name
        for name in names
        if name not in files and _GENERATOR in (folder / name).read_text(encoding="utf-8")
    ]


def remove_unused(folder: Path, files: dict[str, str]) -> list[str]:
    """Remove them; their names."""
    names = unused_files(folder, files)
    for name in names:
        (folder / name).unlink()
        parent = (folder / name).parent
        if not any(parent.iterdir()):
            parent.rmdir()
    return names


def _below_resources(folder: Path) -> list[Path]:
    return sorted(
        file
        for kind in ("yml", "sql")
        for file in (folder / "resources").rglob(f"*.{kind}")
        if file.is_file()
    )
