"""A bundle as its files hold it: the root, what it includes, and the resources of all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.bundle.lint.fault import Fault
from pipeline.bundle.project import ROOT, read_yaml

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Resource:
    """One declared resource, with the file that declares it."""

    kind: str
    key: str
    file: str
    value: Mapping[str, Any]
    target: str = ""
    """Of a resource that a target changes, the target."""

    @property
    def place(self) -> str:
        within = f"targets.{self.target}." if self.target else ""
        return f"{within}resources.{self.kind}.{self.key}"

    def fault(self, within: str, what: str) -> Fault:
        return Fault(self.file, f"{self.place}{within}", what)


@dataclass(slots=True)
class Documents:
    """`files` maps each file's place in the folder to what it holds; the root is the first."""

    folder: Path
    files: dict[str, dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)
    """What kept a file from being read as a part of the bundle."""

    @property
    def root(self) -> dict[str, Any]:
        return self.files[ROOT]

    def section(self, name: str) -> dict[str, Any]:
        """A mapping of the root, merged with those of the same name in the files that it includes."""
        merged: dict[str, Any] = {}
        for document in self.files.values():
            merged |= mapping(document.get(name))
        return merged

    def resources(self, *kinds: str) -> Iterator[Resource]:
        """Of these kinds, or of all."""
        for file, document in self.files.items():
            for kind, declared in mapping(document.get("resources")).items():
                if not kinds or kind in kinds:
                    for key, value in mapping(declared).items():
                        yield Resource(str(kind), str(key), file, mapping(value))

    def changed_resources(self, *kinds: str) -> Iterator[Resource]:
        """Of these kinds those that a target changes, each as that target has it."""
        declared = {(base.kind, base.key): base.value for base in self.resources(*kinds)}
        for target, section in self.section("targets").items():
            for kind, changed in mapping(mapping(section).get("resources")).items():
                if kind in kinds:
                    for key, value in mapping(changed).items():
                        merged = {**declared.get((kind, key), {}), **mapping(value)}
                        yield Resource(str(kind), str(key), ROOT, merged, str(target))

    def whole(self) -> dict[str, Any]:
        """All files as one document, as a deployment merges them."""
        merged = {name: value for name, value in self.root.items() if name != "include"}
        resources: dict[str, Any] = {}
        for resource in self.resources():
            resources.setdefault(resource.kind, {})[resource.key] = dict(resource.value)
        return {**merged, "include": self.root.get("include", []), "resources": resources}


def read_documents(folder: Path) -> Documents:
    """The root and its includes; UserError where a file is not readable YAML or there is no root."""
    documents = Documents(folder, {ROOT: read_yaml(folder / ROOT)})
    patterns = documents.root.get("include") or []
    if not isinstance(patterns, list):
        documents.faults.append(Fault(ROOT, "include", "is no list of files"))
        return documents
    for number, pattern in enumerate(patterns):
        place = f"include[{number}]"
        if not isinstance(pattern, str) or Path(pattern).is_absolute():
            documents.faults.append(Fault(ROOT, place, "is no path within the bundle's folder"))
            continue
        included = sorted(folder.glob(pattern)) if _GLOB & set(pattern) else [folder / pattern]
        if not any(file.is_file() for file in included):
            documents.faults.append(Fault(ROOT, place, f"there is no file {pattern}"))
        for file in included:
            if file.is_file():
                documents.files[file.relative_to(folder).as_posix()] = read_yaml(file)
    return documents


def mapping(value: object) -> dict[str, Any]:
    """`value` where it maps names, else nothing: that it should is said by the check of its shape."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[dict[str, Any]]:
    """The mappings of a list; likewise."""
    return [mapping(entry) for entry in value] if isinstance(value, list) else []


def texts(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text within `value`, names of mappings included, and where it stands."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, entry in value.items():
            here = f"{place}.{name}" if place else str(name)
            yield here, str(name)
            yield from texts(entry, here)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from texts(entry, f"{place}[{number}]")
