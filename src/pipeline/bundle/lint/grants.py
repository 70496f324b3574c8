"""Whether each grant names whom it is for and what it allows."""

from collections.abc import Iterator

from pipeline.bundle.lint.documents import Documents, items
from pipeline.bundle.lint.fault import Fault

_PRINCIPALS = ("user_name", "group_name", "service_principal_name")


def grant_faults(documents: Documents) -> Iterator[Fault]:
    for resource in documents.resources():
        for number, grant in enumerate(items(resource.value.get("grants"))):
            place = f".grants[{number}]"
            if not grant.get("principal"):
                yield resource.fault(place, "names no principal")
            if not grant.get("privileges"):
                yield resource.fault(place, "grants nothing: list its privileges")
        for number, permission in enumerate(items(resource.value.get("permissions"))):
            yield from (
                resource.fault(f".permissions[{number}]", what) for what in _permission(permission)
            )
    for file, document in documents.files.items():
        sections = {"permissions": document.get("permissions")}
        for name, target in (document.get("targets") or {}).items():
            sections[f"targets.{name}.permissions"] = (target or {}).get("permissions")
        for place, permissions in sections.items():
            for number, permission in enumerate(items(permissions)):
                yield from (
                    Fault(file, f"{place}[{number}]", what) for what in _permission(permission)
                )


def _permission(permission: dict[str, object]) -> Iterator[str]:
    if not permission.get("level"):
        yield "has no level"
    if sum(1 for name in _PRINCIPALS if permission.get(name)) != 1:
        yield f"names one of {', '.join(_PRINCIPALS)}"
