"""What a home is fed from: remembered with its first rows, so that another is not mixed in.

Remembered are the folder's own path and its path from the home. A night may name either: a home and
an export that are moved, copied or mounted elsewhere together keep the one, a home that is moved
alone keeps the other. A home that holds its export is copied with it: the copy is fed from its own, and
the original's is not looked at. An export that is moved alone is named anew, and taken because the folder
that is remembered is no longer there.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.sources.address import parsed
from pipeline.sources.layout import shown
from pipeline.tables import ops

READER, INPUT = "home", "source"
"""Under which ops.positions has it."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A source as one home remembers it; both paths are empty for `databricks`."""

    kind: str
    folder: str
    from_home: str

    @classmethod
    def of(cls, spelled: str, home: Path) -> "Feed":
        kind, folder = parsed(spelled)
        if folder is None:
            return cls(kind, "", "")
        # Not resolved: a link that points to each day's export is one place.
        place = os.path.normpath(folder.absolute())
        return cls(kind, place, os.path.relpath(place, home.absolute()))

    @classmethod
    def read(cls, position: str) -> "Feed":
        return cls(**json.loads(position))

    @property
    def position(self) -> str:
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        return shown(f"{self.kind}:{self.folder}" if self.folder else self.kind)

    @property
    def is_there(self) -> bool:
        return not self.folder or Path(self.folder).is_dir()

    def spelled(self, home: Path) -> str:
        """How the source is named now: by its own path, or by that from the home where only it is there,
        or the home holds it."""
        if not self.folder:
            return self.kind
        from_home = os.path.normpath(home.absolute() / self.from_home)
        is_held = not self.from_home.startswith("..")
        is_meant = (is_held or not self.is_there) and Path(from_home).is_dir()
        return f"{self.kind}:{from_home if is_meant else self.folder}"

    def is_same(self, other: "Feed") -> bool:
        if self.folder and other.folder:
            return self.folder == other.folder or self.from_home == other.from_home
        return self.kind == other.kind

    def has_moved_to(self, other: "Feed") -> bool:
        """Whether `other` may be this one in a new place."""
        return self.kind == other.kind and not self.is_there


def remembered(lakehouse: Lakehouse) -> Feed | None:
    """What the home is fed from; None before its first rows."""
    if not lakehouse.exists(ops.POSITIONS):
        return None
    is_ours = (F.col("reader") == READER) & (F.col("input") == INPUT)
    rows = lakehouse.read(ops.POSITIONS).where(is_ours).select("position").collect()
    return Feed.read(rows[0]["position"]) if rows else None


def source_of_home(asked: str | None, fed: Feed | None, home: Path) -> str:
    """The source of the night: as `asked`, else as remembered, else what is simulated in the home.

    UserError for another than the home is fed from, and where nothing says what it is.
    """
    if asked is None:
        if fed is not None:
            spelled = fed.spelled(home)
            if not Feed.of(spelled, home).is_there:
                raise UserError(
                    f"{shown(home)} is fed from {fed}, which is not there: put it back, or name its"
                    " new place with --source"
                )
            return spelled
        if (home / "simulated").is_dir():
            return f"simulated:{home / 'simulated'}"
        raise UserError(
            f"{shown(home)} is fed from nothing yet: name its source with --source export:DIR,"
            " simulated:DIR or databricks"
        )
    named = Feed.of(asked, home)
    if fed is None or fed.is_same(named) or fed.has_moved_to(named):
        return asked
    raise UserError(
        f"{shown(home)} is fed from {fed}, and rows of {named} would be mixed into it: leave --source"
        " out, or name another --home (a folder that has moved is taken once the old one is gone)"
    )
