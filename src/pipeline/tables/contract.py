"""What Gold promises to those who read it, release by release, and what may not change unsaid."""

from collections.abc import Iterable
from typing import Any

from pipeline.tables.declaration import Column, Table

Contract = dict[str, dict[str, Any]]
"""By table: its version, its keys, and the type of each column."""


def promised(tables: Iterable[Table]) -> Contract:
    """The contract of the public ones of `tables`: those that stand in the schema gold."""
    return {
        table.full_name: {
            "version": table.version,
            "keys": list(table.keys),
            "columns": {column.name: _spelled(column) for column in table.columns},
        }
        for table in tables
        if table.layer.schema == "gold"
    }


def unsaid(released: Contract, declared: Contract, changelog: str) -> list[str]:
    """What changed since a release without being said, a sentence each.

    A column that is gone or of another type, and other keys, need a new version of the table (and
    so a migration); a table that is gone, and a new column, need their name in the changelog.
    """
    sentences = []
    for name, before in released.items():
        after = declared.get(name)
        if after is None:
            if f"`{name}`" not in changelog:
                sentences.append(f"table {name} is gone, and `{name}` is not in CHANGELOG.md")
            continue
        if after["version"] <= before["version"]:
            sentences += [
                f"table {name}: {what}, and its version is still {after['version']}"
                for what in _broken(before, after)
            ]
        sentences += [
            f"table {name} gained {column}, and `{name}.{column}` is not in CHANGELOG.md"
            for column in after["columns"]
            if column not in before["columns"] and f"`{name}.{column}`" not in changelog
        ]
    return sentences


def _broken(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    was, now = before["columns"], after["columns"]
    broken = [f"column {name} is gone" for name in was if name not in now]
    broken += [
        f"column {name} was {was[name]} and is {now[name]}"
        for name in was
        if name in now and was[name] != now[name]
    ]
    if before["keys"] != after["keys"]:
        broken.append(f"its keys were {', '.join(before['keys'])}")
    return broken


def _spelled(column: Column) -> str:
    return column.type if column.nullable else f"{column.type} not null"
