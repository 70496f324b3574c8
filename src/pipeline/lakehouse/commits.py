"""What a table's history says without reading a row: which commits touched rows."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.lakehouse.protocol import Commit

_QUIET = frozenset(
    {
        "ADD COLUMN",
        "ADD COLUMNS",
        "CHANGE COLUMN",
        "CLUSTER BY",
        "CREATE TABLE",
        "OPTIMIZE",
        "SET TBLPROPERTIES",
        "UPDATE FIELD METADATA",
        "UPGRADE PROTOCOL",
        "VACUUM END",
        "VACUUM START",
    }
)
"""Operations of delta-rs and of Databricks that touch no row. Any other is taken to touch some."""


_SAYS = '{"commitInfo"'


def commits_of(log: Path, limit: int | None = None) -> list[Commit]:
    """The commits in the folder of a table's log, newest first. delta-rs would find none where the
    path holds a `#` or a `?`."""
    files = sorted((file for file in log.glob("*.json") if file.stem.isdigit()), reverse=True)
    return [commit for file in files[:limit] for commit in _commits_in(file)]


def _commits_in(file: Path) -> Iterator[Commit]:
    with file.open(encoding="utf-8") as actions:
        for action in actions:
            if action.startswith(_SAYS):
                told = json.loads(action)["commitInfo"]
                yield Commit(
                    version=int(file.stem),
                    at=datetime.fromtimestamp(told["timestamp"] / 1000, UTC),
                    operation=told["operation"],
                    metrics=told.get("operationMetrics", {}),
                )


def touching(commits: Sequence[Commit]) -> list[Commit]:
    """Those of `commits` that may have touched rows."""
    return [commit for commit in commits if commit.operation not in _QUIET]


def rows_changed(version: int, since: int, newest: Callable[[int], Sequence[Commit]]) -> bool:
    """Whether a commit after `since` may have touched rows of a table that stands at `version`.

    `newest` gives the newest commits, as many as it is asked for.
    """
    behind = version - since
    if behind <= 0:
        # Behind what was read, the table was made anew.
        return behind < 0
    commits = newest(behind)
    # A log cut short cannot say no.
    return len(commits) < behind or bool(touching(commits))
