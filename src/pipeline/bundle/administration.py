"""What an administrator runs once for a target, because no bundle can: the catalog, and who may use what."""

from pipeline.bundle.project import Target
from pipeline.tables.derive import identifier
from pipeline.tables.source import SOURCE_TABLES


def administration_sql(target: Target, system_catalog: str) -> str:
    """Statements of SQL for a warehouse. Where a principal is only known to the deployment, a comment."""
    catalog = identifier(target.catalog)
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
            f"-- on {catalog}, and USE SCHEMA and SELECT on the schemas of {identifier(system_catalog)}.",
        ]
    else:
        night = identifier(target.run_as)
        names = [table.system_name.split(".")[1:] for table in SOURCE_TABLES]
        schemas = dict.fromkeys(schema for schema, _ in names)
        system = identifier(system_catalog)
        lines += [
            "-- The night and its self-test make schemas, and read the system tables that they need and no other.",
            f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG {catalog} TO {night};",
            f"GRANT USE CATALOG ON CATALOG {system} TO {night};",
            *(
                f"GRANT USE SCHEMA ON SCHEMA {identifier(system_catalog, schema)} TO {night};"
                for schema in schemas
            ),
            *(
                f"GRANT SELECT ON TABLE {identifier(system_catalog, schema, table)} TO {night};"
                for schema, table in names
            ),
        ]
    if target.readers is not None:
        lines += [
            "",
            "-- Of the schemas in it, readers are given gold and ops by the bundle.",
            f"GRANT USE CATALOG ON CATALOG {catalog} TO {identifier(target.readers)};",
        ]
    return "\n".join([*lines, ""])
