"""Whether the system tables that RightRun reads are enabled, and granted to whoever asks."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from pipeline.tables.declaration import SourceTable
from pipeline.tables.source import SOURCE_TABLES
from pipeline.workspace.connection import UNITY_CATALOG, Refused, Workspace
from pipeline.workspace.finding import Finding, State, not_told
from pipeline.workspace.grants import READS, WHO_GRANTS, reading_grants
from pipeline.workspace.metastore import Metastore
from pipeline.workspace.permissions import Permissions
from pipeline.workspace.system_catalogs import SystemCatalog

_ENABLED = ("ENABLE_COMPLETED", "MANAGED")
_SYSTEM_TABLES = tuple(table for table in SOURCE_TABLES if table.is_system_table)


def schemas_enabled(workspace: Workspace, metastore: Metastore) -> Iterator[Finding]:
    """Whether the system schemas that RightRun reads are enabled."""
    path = f"{UNITY_CATALOG}/metastores/{quote(metastore.id, safe='')}/systemschemas"
    try:
        listed = [*workspace.listed(path, "schemas", max_results=0)]
    except Refused as fault:
        yield not_told(
            "system schemas", fault, "only an account admin or a metastore admin sees them"
        )
        return
    states = {str(one.get("schema")): str(one.get("state") or "AVAILABLE") for one in listed}
    for schema, tables in _by_schema().items():
        finding = partial(Finding, item=f"system schema {schema}", is_needed=_is_required(tables))
        state = states.get(schema)
        enable = f"databricks system-schemas enable {metastore.id} {schema}"
        match state:
            case None:
                yield finding(state=State.UNKNOWN, explanation="the metastore does not list it")
            case _ if state in _ENABLED:
                yield finding(state=State.OK, explanation="enabled")
            case "ENABLE_INITIALIZED":
                yield finding(state=State.UNKNOWN, explanation="being enabled: ask again later")
            case "UNAVAILABLE":
                yield finding(
                    state=State.MISSING, explanation="not on offer here (in this region, or yet)"
                )
            case _:
                yield finding(
                    state=State.MISSING,
                    explanation=f"not enabled: {WHO_GRANTS} enables it",
                    mends=(enable,),
                )


def tables_granted(
    workspace: Workspace, permissions: Permissions, catalog: SystemCatalog
) -> Iterator[Finding]:
    """Whether the schemas of one catalog of system tables may be read."""
    schemas = {catalog.schema: _SYSTEM_TABLES} if catalog.schema else _by_schema()
    for schema, tables in schemas.items():
        item = f"reading {catalog.name}.{schema}"
        finding = partial(Finding, item=item, is_needed=_is_required(tables))
        of_catalog, of_schema = reading_grants(catalog.name, schema, permissions.principal.name)
        try:
            lacks_catalog = permissions.missing(("USE CATALOG",), "CATALOG", catalog.name)
            lacks_schema = permissions.missing(READS, "SCHEMA", catalog.name, schema)
            if lacks_schema == ["SELECT"] and _reads_each(permissions, catalog, schema, tables):
                lacks_schema = []
        except Refused as fault:
            yield _tried(
                workspace, finding, (of_catalog, of_schema), fault, catalog, schema, tables[0]
            )
            continue
        if not lacks_catalog and not lacks_schema:
            yield finding(state=State.OK, explanation="granted")
            continue
        mends = ((of_catalog,) if lacks_catalog else ()) + ((of_schema,) if lacks_schema else ())
        yield finding(
            state=State.MISSING,
            explanation=f"{', '.join(lacks_catalog + lacks_schema)} not granted: ask {WHO_GRANTS}",
            mends=mends,
        )


def _reads_each(
    permissions: Permissions, catalog: SystemCatalog, schema: str, tables: tuple[SourceTable, ...]
) -> bool:
    """Whether every table may be read by a grant of its own."""
    return not any(
        permissions.missing(("SELECT",), "TABLE", catalog.name, schema, table.place[1])
        for table in tables
    )


def _tried(
    workspace: Workspace,
    finding: "partial[Finding]",
    grants: tuple[str, str],
    fault: Refused,
    catalog: SystemCatalog,
    schema: str,
    table: SourceTable,
) -> Finding:
    """What looking at one table tells where grants are not told. To see a table is not to read it."""
    name = f"{catalog.name}.{schema}.{table.place[1]}"
    try:
        workspace.ask(f"{UNITY_CATALOG}/tables/{quote(name, safe='')}")
    except Refused as refusal:
        if refusal.is_absent or refusal.is_denied:
            return finding(
                state=State.MISSING,
                explanation=f"{name} cannot be seen: the schema is not enabled, or not granted; ask"
                f" {WHO_GRANTS}",
                mends=grants,
            )
        return finding(state=State.UNKNOWN, explanation=str(refusal), mends=grants)
    return finding(
        state=State.UNKNOWN,
        explanation=f"{name} can be seen, but grants are not told ({fault}): rightrun check reads it",
        mends=grants,
    )


def _by_schema() -> dict[str, tuple[SourceTable, ...]]:
    """The system tables that RightRun reads, by schema, in their order."""
    schemas = dict.fromkeys(table.place[0] for table in _SYSTEM_TABLES)
    return {
        schema: tuple(table for table in _SYSTEM_TABLES if table.place[0] == schema)
        for schema in schemas
    }


def _is_required(tables: tuple[SourceTable, ...]) -> bool:
    return any(table.required for table in tables)
