"""The system table of workspaces."""

from pipeline.tables.declaration import Arrival, Column, Layer, SourceTable
from pipeline.tables.source.columns import ACCOUNT, WORKSPACE

WORKSPACES_LATEST = SourceTable(
    layer=Layer.SOURCE,
    name="workspaces_latest",
    system_name="system.access.workspaces_latest",
    is_global=True,
    grain="one workspace as it is now",
    keys=("workspace_id",),
    arrival=Arrival.SNAPSHOT,
    switches_off="workspace names and links",
    columns=(
        ACCOUNT,
        WORKSPACE,
        Column("workspace_name", "string", "Name"),
        Column("workspace_url", "string", "Address; may end in a slash"),
        Column("status", "string", "RUNNING, BANNED, ..."),
    ),
)
