"""Which SQL warehouse there is to use, and whether there is serverless compute."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from pipeline.errors import UserError
from pipeline.near_names import did_you_mean
from pipeline.workspace.connection import Refused, Workspace
from pipeline.workspace.finding import Finding, State, not_told

_SERVERLESS = "nights run on serverless compute: where a workspace has none, its jobs need a cluster of their own"


def compute(
    workspace: Workspace, name_or_id: str | None, *, has_metastore: bool
) -> Iterator[Finding]:
    """The warehouse to use, and whether there is serverless compute."""
    try:
        warehouses = [*workspace.listed("/api/2.0/sql/warehouses", "warehouses")]
    except Refused as fault:
        warehouses = []
        yield not_told("warehouse", fault, is_needed=False)
    else:
        yield _warehouse(warehouses, name_or_id)
    serverless = partial(Finding, item="serverless", is_needed=False)
    if not has_metastore:
        yield serverless(
            state=State.MISSING, explanation=f"there is none without Unity Catalog; {_SERVERLESS}"
        )
    elif any(map(_is_serverless, warehouses)):
        yield serverless(state=State.OK, explanation="a serverless warehouse is there")
    else:
        yield serverless(
            state=State.UNKNOWN, explanation=f"no serverless warehouse is seen; {_SERVERLESS}"
        )


def _warehouse(warehouses: list[dict[str, Any]], name_or_id: str | None) -> Finding:
    finding = partial(Finding, item="warehouse", is_needed=False)
    names = [str(one.get("name")) for one in warehouses]
    if name_or_id is not None:
        chosen = [one for one in warehouses if name_or_id in (one.get("name"), one.get("id"))]
        if not chosen:
            hint = did_you_mean(name_or_id, names, otherwise="leave --warehouse out to see one")
            raise UserError(f"no warehouse has the name or id {name_or_id!r}: {hint}")
    elif not warehouses:
        return finding(
            state=State.MISSING,
            explanation="none is seen: nights need none, SQL and dashboards do",
            mends=(
                "databricks warehouses create --name rightrun --cluster-size 2X-Small"
                " --enable-serverless-compute --auto-stop-mins 10",
            ),
        )
    else:
        # One that costs nothing to start, and else one that runs already.
        chosen = sorted(
            warehouses,
            key=lambda one: (
                not _is_serverless(one),
                one.get("state") != "RUNNING",
                str(one.get("name")),
            ),
        )
    best = chosen[0]
    kind = "serverless" if _is_serverless(best) else "not serverless"
    return finding(
        state=State.OK,
        explanation=f"{best.get('name')}, {kind}, of {len(warehouses)}",
        value=str(best.get("id")),
    )


def _is_serverless(warehouse: dict[str, Any]) -> bool:
    return warehouse.get("enable_serverless_compute") is True
