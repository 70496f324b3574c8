"""MLflow's database of a home remembers where each artifact lies by its whole path.

A home that was copied or moved would go on writing where it came from. So before it is used, paths
into another home's folder of artifacts become paths into its own, which was copied with it.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

FOLDER = "mlartifacts"
_PATHS = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def bring_home(database: Path, artifacts: str) -> None:
    """Make every artifact that `database` has in a folder of that name one in `artifacts`."""
    with closing(sqlite3.connect(database)) as connection, connection:
        elsewhere = connection.execute(
            "SELECT DISTINCT artifact_location FROM experiments"
            " WHERE artifact_location LIKE ? AND artifact_location <> ?",
            (f"%/{FOLDER}", artifacts),
        ).fetchall()
        for (place,) in elsewhere:
            for table, column in _PATHS.items():
                # A place, and what lies in it: not one whose name only begins alike.
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?)"
                    f" WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (artifacts, len(place) + 1, place, len(place) + 1, f"{place}/"),
                )
