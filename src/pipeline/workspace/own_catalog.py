"""Whether the catalog that is to hold our tables is there, and lets whoever asks make schemas."""

from functools import partial
from urllib.parse import quote

from pipeline.tables.derive import identifier
from pipeline.workspace.connection import UNITY_CATALOG, Refused, Workspace
from pipeline.workspace.finding import Finding, State, not_told
from pipeline.workspace.grants import OWNS, grant
from pipeline.workspace.metastore import Metastore
from pipeline.workspace.permissions import Permissions


def own_catalog(
    workspace: Workspace, permissions: Permissions, metastore: Metastore, catalog: str
) -> Finding:
    """Whether the catalog of our tables is there, and lets us make schemas."""
    finding = partial(Finding, item=f"catalog {catalog}", value=catalog)
    ours = grant(OWNS, "CATALOG", catalog, principal=permissions.principal.name)
    create = f"CREATE CATALOG IF NOT EXISTS {identifier(catalog)}"
    try:
        existing = workspace.ask(f"{UNITY_CATALOG}/catalogs/{quote(catalog, safe='')}")
    except Refused as fault:
        if not fault.is_absent:
            return not_told(f"catalog {catalog}", fault, value=catalog)
        storage = (
            "" if metastore.has_storage else "; the metastore has no storage, so name one behind it"
        )
        location = "" if metastore.has_storage else " MANAGED LOCATION 'URL'"
        if _may_create_catalogs(permissions, metastore):
            return finding(
                state=State.MISSING,
                explanation=f"there is none, and {permissions.principal.name} may create it{storage}",
                mends=(create + location,),
            )
        return finding(
            state=State.MISSING,
            explanation=f"there is none, or none that may be seen: a metastore admin creates it{storage}",
            mends=(create + location, ours),
        )
    if permissions.principal.is_one_of(existing.get("owner")):
        return finding(state=State.OK, explanation="there, and owned")
    try:
        lacking = permissions.missing(OWNS, "CATALOG", catalog)
    except Refused as fault:
        return not_told(f"catalog {catalog}", fault, mends=(ours,), value=catalog)
    if lacking:
        return finding(
            state=State.MISSING,
            explanation=f"there, but {', '.join(lacking)} not granted: ask its owner",
            mends=(ours,),
        )
    return finding(state=State.OK, explanation="there, and schemas may be created in it")


def _may_create_catalogs(permissions: Permissions, metastore: Metastore) -> bool:
    if permissions.principal.is_one_of(metastore.owner):
        return True
    try:
        return not permissions.missing(("CREATE CATALOG",), "METASTORE", metastore.id)
    except Refused:
        return False
