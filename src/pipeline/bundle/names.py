"""Names that people choose, as far as a bundle and its SQL can hold them."""

import re

from pipeline.errors import UserError

REFERENCE = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
"""`${var.x}` and its kin, which a bundle replaces; `$${` stands for itself."""
# Unity Catalog takes neither dots, slashes, blanks nor control characters; quotes it takes, but then
# each use of the name would depend on how it is quoted there.
_CATALOG = re.compile(r"[^\s./\x00-\x1f\x7f`'\"\\${}]{1,255}")

_TARGET = re.compile(r"[A-Za-z0-9_-]{1,100}")


def holds_reference(name: str) -> bool:
    return "${" in name


def catalog_name(name: object, place: str) -> str:
    """`name` where a bundle can use it as a catalog; UserError that says at which `place` it cannot."""
    if isinstance(name, str) and _CATALOG.fullmatch(name):
        return name
    raise UserError(
        f"{place}: {name!r} is no name for a catalog in a bundle: use letters, digits, _ and -"
    )


def target_name(name: object) -> str:
    """`name` where a folder can be named for it; UserError otherwise."""
    if isinstance(name, str) and _TARGET.fullmatch(name):
        return name
    raise UserError(
        f"targets in databricks.yml: {name!r} is no name for a target: use letters, digits, _ and -"
    )


def experiment_name(name: object, place: str) -> str:
    """`name` where it is a path in a workspace; UserError that says at which `place` it is not."""
    experiment = literal_name(name, place)
    if not experiment.startswith("/"):
        raise UserError(f"{place}: {experiment!r} is no path in a workspace: begin it with /")
    return experiment


def literal_name(name: object, place: str) -> str:
    """`name` where it is text that a bundle leaves as it is; UserError that says at which `place` not."""
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{place}: {name!r} is no name: write text, in quotes where it needs them")
    if holds_reference(name) or not name.isprintable():
        raise UserError(
            f"{place}: {name!r} holds ${{...}} or a sign that cannot be printed, which no name here may"
        )
    return name
