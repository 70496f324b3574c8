"""A bundle checked as far as it can be without a workspace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle.checked_by import BUNDLES_LIBRARY
from pipeline.bundle.files import generated_files, stale_files, unused_files
from pipeline.bundle.lint.alerts import alert_faults
from pipeline.bundle.lint.dashboards import dashboard_faults
from pipeline.bundle.lint.documents import Documents, read_documents
from pipeline.bundle.lint.fault import Fault
from pipeline.bundle.lint.grants import grant_faults
from pipeline.bundle.lint.jobs import job_faults
from pipeline.bundle.lint.library import has_library, library_faults
from pipeline.bundle.lint.official_schema import schema_faults
from pipeline.bundle.lint.paths import path_faults
from pipeline.bundle.lint.references import reference_faults
from pipeline.bundle.lint.shape import shape_faults
from pipeline.bundle.project import read_project

_CHECKS: tuple[Callable[[Documents], Iterator[Fault]], ...] = (
    shape_faults,
    reference_faults,
    job_faults,
    grant_faults,
    path_faults,
    dashboard_faults,
    alert_faults,
    library_faults,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong, and what was not looked at, each in a sentence."""

    resources: int
    faults: tuple[Fault, ...]
    unchecked: tuple[str, ...]


def check_bundle(folder: Path, schema: Path | None = None) -> Report:
    """UserError where the folder has no bundle that can be read."""
    project = read_project(folder)
    documents = read_documents(folder)
    faults = [*documents.faults]
    for check in _CHECKS:
        faults += check(documents)
    if schema is not None:
        faults += schema_faults(documents, schema)
    files = generated_files(project)
    faults += [
        Fault(name, "", "is not as it would be generated: run rightrun bundle generate")
        for name in (*stale_files(folder, files), *unused_files(folder, files))
    ]
    unchecked = []
    if not has_library():
        unchecked.append(
            f"each resource by Databricks' own library: pip install {BUNDLES_LIBRARY} to have it checked"
        )
    if schema is None:
        unchecked.append(
            "the whole by the official schema: --schema FILE with what databricks bundle schema prints"
        )
    return Report(
        resources=sum(1 for _ in documents.resources()),
        faults=tuple(dict.fromkeys(faults)),
        unchecked=tuple(unchecked),
    )
