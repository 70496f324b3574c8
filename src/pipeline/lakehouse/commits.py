"""What a table's history says without reading a row: which commits touched rows."""

from collections.abc import Callable, Sequence

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
