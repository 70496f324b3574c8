"""Who may do what with the tables, by the schema of their layer: as little as a night and its readers need."""

from typing import Any

from pipeline.lakehouse.catalog.statements import STAGING
from pipeline.tables.catalogue import TABLES
from pipeline.tables.declaration import Layer

NIGHT = "${var.run_as}"
READERS = "${var.readers}"

_WRITES = ("USE_SCHEMA", "CREATE_TABLE", "SELECT", "MODIFY")
_READS = ("USE_SCHEMA", "SELECT")
READABLE = (Layer.GOLD.schema, Layer.OPS.schema)
"""What answers are read from. Bronze and silver hold names and tags as received."""

SCHEMAS = (*dict.fromkeys(table.layer.schema for table in TABLES), STAGING)
"""In the order in which data flows; a table on its way stands in the last."""


def schema_comment(schema: str) -> str:
    """What the layers of the schema hold."""
    comments = [layer.comment for layer in Layer if layer.schema == schema]
    return " ".join(comments) or "Rows on their way to a table; nothing here outlives a night."


def grant(principal: str, privileges: tuple[str, ...]) -> dict[str, Any]:
    return {"principal": principal, "privileges": list(privileges)}


def schema_grants(schema: str) -> list[dict[str, Any]]:
    """The grants on one schema: the night writes it, readers read it where it is for them."""
    models = ("CREATE_MODEL", "EXECUTE") if schema == Layer.MODEL.schema else ()
    readers = [grant(READERS, _READS)] if schema in READABLE else []
    return [grant(NIGHT, _WRITES + models), *readers]


def volume_grants() -> list[dict[str, Any]]:
    return [grant(NIGHT, ("READ_VOLUME", "WRITE_VOLUME"))]


def model_grants() -> list[dict[str, Any]]:
    """A night adds versions, tags and aliases, and deletes old versions."""
    return [grant(NIGHT, ("EXECUTE", "APPLY_TAG", "MANAGE"))]
