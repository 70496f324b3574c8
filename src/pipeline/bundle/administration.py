"""What an administrator runs once for a target, because no bundle can: the catalog, and who may use what."""

from collections.abc import Iterator, Mapping

from pipeline.bundle.project import Target
from pipeline.tables.derive import identifier
from pipeline.tables.source import SOURCE_TABLES
from pipeline.workspace.grants import OWNS, grant


def administration_sql(target: Target, system_catalog: str | Mapping[str, str]) -> str:
    """Statements of SQL for a warehouse. Where a principal is only known to the deployment, a comment.

    `system_catalog` is the setting of that name, for a target that names no catalogs of its own.
    """
    catalog = identifier(target.catalog)
    places = target.catalog_of_region or system_catalog
    sources = (places,) if isinstance(places, str) else tuple(dict.fromkeys(places.values()))
    lines = [
        f"-- What an administrator runs once for the target {target.name}, before its first deployment.",
        "-- Made by `rightrun bundle generate` from databricks.yml and the tables; change those, not this file.",
        "",
        "-- Where the metastore has no storage of its own, add MANAGED LOCATION '...'.",
        f"CREATE CATALOG IF NOT EXISTS {catalog};",
        "",
    ]
    if target.run_as is None:
        lines += [
            "-- In this target whoever deploys is whom the night runs as, and needs USE CATALOG and CREATE SCHEMA",
            f"-- on {catalog}, and to read the tables of {', '.join(map(_dotted, sources))}.",
        ]
    else:
        lines += [
            "-- The night and its self-test make schemas, and read the system tables that they need and no other.",
            f"{grant(OWNS, 'CATALOG', target.catalog, principal=target.run_as)};",
            *(line for source in sources for line in _reading(source, target.run_as)),
        ]
    if target.readers is not None:
        lines += [
            "",
            "-- Of the schemas in it, readers are given gold and ops by the bundle.",
            f"{grant(['USE CATALOG'], 'CATALOG', target.catalog, principal=target.readers)};",
        ]
    return "\n".join([*lines, ""])


def _reading(source: str, principal: str) -> Iterator[str]:
    """The grants on each system table in `source`, a catalog, or a schema that has all of them."""
    catalog, _, schema = source.partition(".")
    names = [table.place for table in SOURCE_TABLES if table.is_system_table]
    tables = [(schema or own_schema, name) for own_schema, name in names]
    yield f"{grant(['USE CATALOG'], 'CATALOG', catalog, principal=principal)};"
    for name in dict.fromkeys(name for name, _ in tables):
        yield f"{grant(['USE SCHEMA'], 'SCHEMA', catalog, name, principal=principal)};"
    for table in tables:
        yield f"{grant(['SELECT'], 'TABLE', catalog, *table, principal=principal)};"


def _dotted(source: str) -> str:
    return identifier(*source.split("."))
