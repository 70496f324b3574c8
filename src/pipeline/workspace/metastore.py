"""The workspace's metastore, and those of the account's other regions."""

from dataclasses import dataclass
from functools import partial

from pipeline.workspace.connection import UNITY_CATALOG, Refused, Workspace
from pipeline.workspace.finding import Finding, State, not_told
from pipeline.workspace.system_catalogs import SystemCatalog


@dataclass(frozen=True, slots=True)
class Metastore:
    """The workspace's metastore; nothing is known of it where whoever asks may not see it."""

    id: str
    name: str
    region: str
    owner: str
    has_storage: bool


def metastore_of(workspace: Workspace) -> Metastore | None:
    """The metastore, None where the workspace has none; Refused where that is not told."""
    try:
        summary = workspace.ask(f"{UNITY_CATALOG}/metastore_summary")
    except Refused as fault:
        if fault.is_absent:
            return None
        raise
    if not summary.get("metastore_id"):
        return None
    id_, name, region, owner = (
        str(summary.get(field) or "") for field in ("metastore_id", "name", "region", "owner")
    )
    return Metastore(id_, name, region, owner, has_storage=bool(summary.get("storage_root")))


def no_metastore(workspace: Workspace) -> Finding:
    try:
        workspace_id = workspace.id
    except Refused:
        workspace_id = "WORKSPACE_ID"
    return Finding(
        item="metastore",
        state=State.MISSING,
        explanation="the workspace has no Unity Catalog, only a Hive metastore: it has no system tables and"
        " no serverless compute; an account admin assigns a metastore, or RightRun runs in another workspace"
        " of the region, whose system tables tell of this one too",
        mends=(f"databricks metastores assign {workspace_id} METASTORE_ID main",),
    )


def regions_read(
    workspace: Workspace, metastore: Metastore, catalogs: tuple[SystemCatalog, ...]
) -> Finding:
    """Whether the account has metastores in regions that no catalog tells of."""
    finding = partial(Finding, item="regions", is_needed=False)
    try:
        listed = [*workspace.listed(f"{UNITY_CATALOG}/metastores", "metastores", max_results=0)]
    except Refused as fault:
        return not_told(
            "regions",
            fault,
            "only an admin sees other metastores; system tables tell of their own region",
            is_needed=False,
        )
    every = {str(one["region"]) for one in listed if one.get("region")}
    read = {metastore.region} | {one.region for one in catalogs if one.region}
    if unread := sorted(every - read):
        return finding(
            state=State.MISSING,
            explanation=f"jobs in {', '.join(unread)} are not seen from here: a bronze stage in each region,"
            " shared with this one and named in the setting system_catalog, brings them into one Gold"
            " (docs/sources.md, Several regions)",
        )
    regions = ", ".join(sorted(every | {region for region in read if region}))
    return finding(state=State.OK, explanation=f"all of the account's: {regions}")
