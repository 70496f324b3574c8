"""The SQL that grants what RightRun needs; `rightrun init` and `rightrun check` both say it."""

from collections.abc import Iterable

from pipeline.tables.derive import identifier

READS = ("USE SCHEMA", "SELECT")
"""What reading a schema's tables takes, beside the use of its catalog."""
OWNS = ("USE CATALOG", "CREATE SCHEMA")
"""What keeping our own schemas in a catalog takes: who creates a schema owns it."""
WHO_GRANTS = "an account admin who is a metastore admin"


def grant(privileges: Iterable[str], securable: str, *name: str, principal: str) -> str:
    """One statement, as `GRANT SELECT ON SCHEMA `a`.`b` TO `c``; a metastore has no name."""
    on = f"{securable} {identifier(*name)}" if name else securable
    return f"GRANT {', '.join(privileges)} ON {on} TO {identifier(principal)}"


def reading_grants(catalog: str, schema: str, principal: str) -> tuple[str, str]:
    """The statements that let `principal` read every table of a schema."""
    return (
        grant(["USE CATALOG"], "CATALOG", catalog, principal=principal),
        grant(READS, "SCHEMA", catalog, schema, principal=principal),
    )
