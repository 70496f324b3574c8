"""What a table's log says without reading a row: its commits, and which of them touched rows."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.lakehouse.protocol import Commit

_WITHOUT_ROWS = frozenset(
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
_COMMIT_INFO = '{"commitInfo"'


def commits_of(log: Path, limit: int | None = None) -> list[Commit]:
    """The commits in the log folder `log`, newest first. delta-rs would find none where the path holds
    a `#` or a `?`."""
    files = sorted((file for file in log.glob("*.json") if file.stem.isdigit()), reverse=True)
    return [commit for file in files[:limit] for commit in _commits_in(file)]


def _commits_in(file: Path) -> Iterator[Commit]:
    with file.open(encoding="utf-8") as actions:
        for action in actions:
            if action.startswith(_COMMIT_INFO):
                info = json.loads(action)["commitInfo"]
                yield Commit(
                    version=int(file.stem),
                    at=datetime.fromtimestamp(info["timestamp"] / 1000, UTC),
                    operation=info["operation"],
                    metrics=info.get("operationMetrics", {}),
                )


def touching_rows(commits: Sequence[Commit]) -> list[Commit]:
    """Those of `commits` that may have touched rows."""
    return [commit for commit in commits if commit.operation not in _WITHOUT_ROWS]


def rows_changed(version: int, since: int, newest: Callable[[int], Sequence[Commit]]) -> bool:
    """Whether a commit after `since` may have touched rows of a table that is at `version`.

    `newest` returns the newest commits, as many as it is asked for.
    """
    later = version - since
    if later <= 0:
        # A version before the one that was read: the table was made anew.
        return later < 0
    commits = newest(later)
    # A log that has been cut short cannot rule it out.
    return len(commits) < later or bool(touching_rows(commits))
