"""Whether every file that the bundle names is there, or is built by it."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipeline.bundle.environment import wheel_name
from pipeline.bundle.lint.documents import Documents, Resource, items, mapping, texts
from pipeline.bundle.lint.fault import Fault
from pipeline.bundle.project import ROOT

_LOCAL = re.compile(r"\.{0,2}/.*|.*\.whl(\[[^\]]*\])?")
_DEPLOYED = re.compile(r"\$\{workspace\.file_path\}/([^\s\"']*)")
_GLOB = frozenset("*?[")


def path_faults(documents: Documents) -> Iterator[Fault]:
    sync = mapping(documents.root.get("sync")).get("paths")
    for number, path in enumerate(sync if isinstance(sync, list) else []):
        if not (documents.folder / str(path)).is_dir():
            yield Fault(ROOT, f"sync.paths[{number}]", f"there is no folder {path}")
    for resource in documents.resources():
        path = resource.value.get("file_path")
        if isinstance(path, str) and not (_folder(documents, resource) / path).is_file():
            yield resource.fault(".file_path", f"there is no file {path}")
        yield from _dependency_faults(documents, resource)
        yield from _deployed_faults(documents, resource)


def _dependency_faults(documents: Documents, job: Resource) -> Iterator[Fault]:
    is_built = any(
        mapping(artifact).get("build") for artifact in documents.section("artifacts").values()
    )
    for number, environment in enumerate(items(job.value.get("environments"))):
        dependencies = mapping(environment.get("spec")).get("dependencies")
        for at, dependency in enumerate(dependencies if isinstance(dependencies, list) else []):
            if (
                not isinstance(dependency, str)
                or not _LOCAL.fullmatch(dependency)
                or "${" in dependency
            ):
                continue
            path = dependency.partition(".whl[")[0] + (".whl" if ".whl[" in dependency else "")
            if is_built and PurePosixPath(path).name in (wheel_name(), "*.whl"):
                continue
            if not _is_there(_folder(documents, job), path):
                yield job.fault(
                    f".environments[{number}].spec.dependencies[{at}]",
                    f"there is no file {dependency}, and no artifact builds it",
                )


def _deployed_faults(documents: Documents, resource: Resource) -> Iterator[Fault]:
    """What is looked for below the deployed files has to be among those that are deployed."""
    targets = [str(name) for name in documents.section("targets")] or [""]
    for place, text in texts(resource.value):
        for path in _DEPLOYED.findall(text):
            for target in targets:
                local = path.replace("${bundle.target}", target)
                if "${" not in local and not (documents.folder / local).exists():
                    yield resource.fault(f".{place}", f"target {target} deploys no {local}")


def _folder(documents: Documents, resource: Resource) -> Path:
    return (documents.folder / resource.file).parent


def _is_there(folder: Path, path: str) -> bool:
    if not _GLOB & set(path):
        return (folder / path).is_file()
    pattern = PurePosixPath(path)
    return any((folder / pattern.parent).glob(pattern.name))
