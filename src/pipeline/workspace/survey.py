"""What a workspace has of all that RightRun needs, asked of its APIs and changed in nothing."""

from collections.abc import Iterator
from functools import partial

from pipeline.errors import UserError
from pipeline.workspace.compute import compute
from pipeline.workspace.connection import Refused, Workspace, objects
from pipeline.workspace.finding import Finding, State, not_told
from pipeline.workspace.metastore import Metastore, metastore_of, no_metastore, regions_read
from pipeline.workspace.own_catalog import own_catalog
from pipeline.workspace.permissions import Permissions, Principal
from pipeline.workspace.system_access import schemas_enabled, tables_granted
from pipeline.workspace.system_catalogs import SystemCatalog


def survey(
    workspace: Workspace,
    catalog: str,
    catalogs: tuple[SystemCatalog, ...],
    warehouse: str | None = None,
) -> Iterator[Finding]:
    """A finding for each thing that RightRun needs, or does better with.

    `catalog` is to hold our tables, `catalogs` hold system tables, `warehouse` is the name or id of the
    one to use. UserError where the workspace does not say who asks, or has no such warehouse.
    """
    principal = _identity(workspace)
    yield Finding(
        item="identity",
        state=State.OK,
        explanation=f"{principal.name} in the workspace {workspace.host}",
        value=principal.name,
    )
    permissions = Permissions(workspace, principal)
    try:
        metastore = metastore_of(workspace)
    except Refused as fault:
        yield not_told("metastore", fault)
        metastore = Metastore("", "", "", "", has_storage=True)
    if metastore is None:
        yield no_metastore(workspace)
    else:
        if metastore.id:
            yield Finding(
                item="metastore",
                state=State.OK,
                explanation=f"{metastore.name} in the region {metastore.region}",
                value=metastore.id,
            )
            yield from schemas_enabled(workspace, metastore)
        for system_catalog in catalogs:
            yield from tables_granted(workspace, permissions, system_catalog)
        yield own_catalog(workspace, permissions, metastore, catalog)
    yield _jobs_api(workspace)
    yield from compute(workspace, warehouse, has_metastore=metastore is not None)
    if metastore is not None:
        yield regions_read(workspace, metastore, catalogs)


def _identity(workspace: Workspace) -> Principal:
    try:
        return Principal.of(workspace)
    except Refused as fault:
        raise UserError(
            f"the workspace {workspace.host} does not say who asks: {fault}; log in again by databricks"
            " auth login, or look at DATABRICKS_HOST and DATABRICKS_TOKEN"
        ) from fault


def _jobs_api(workspace: Workspace) -> Finding:
    finding = partial(Finding, item="Jobs API", is_needed=False)
    try:
        jobs = objects(workspace.ask("/api/2.2/jobs/list", limit=1), "jobs")
    except Refused as fault:
        return finding(
            state=State.MISSING, explanation=f"{fault}: how jobs are set up is not known"
        )
    if not jobs:
        return finding(
            state=State.UNKNOWN,
            explanation="it lists no job: those that whoever asks may view are told, all to an admin",
        )
    return finding(state=State.OK, explanation="it tells how jobs are set up")
