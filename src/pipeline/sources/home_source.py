"""The source of a home: stored with its first rows, so that the rows of another are not mixed in.

Stored are the folder's own path and its path from the home, and a night may use either. A home and an
export that are moved, copied or mounted elsewhere together keep the second; a home that is moved alone
keeps the first. A home that contains its export is copied with it, and the copy then reads its own.
An export that is moved alone has to be named again, and is accepted because the stored folder is
no longer there.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pyspark.sql import functions as F

from pipeline.errors import UserError
from pipeline.lakehouse.protocol import Lakehouse
from pipeline.sources.address import parse_address
from pipeline.sources.layout import printable
from pipeline.tables import ops

READER, INPUT = "home", "source"
"""Its row in ops.positions."""


@dataclass(frozen=True, slots=True)
class HomeSource:
    """A source as one home stores it; both paths are empty for `databricks`."""

    kind: str
    folder: str
    from_home: str

    @classmethod
    def of(cls, address: str, home: Path) -> "HomeSource":
        kind, folder = parse_address(address)
        if folder is None:
            return cls(kind, "", "")
        # Not resolved: a link that points to each day's export is one place.
        place = os.path.normpath(folder.absolute())
        return cls(kind, place, os.path.relpath(place, home.absolute()))

    @classmethod
    def read(cls, position: str) -> "HomeSource":
        return cls(**json.loads(position))

    @property
    def position(self) -> str:
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        return printable(f"{self.kind}:{self.folder}" if self.folder else self.kind)

    @property
    def is_there(self) -> bool:
        return not self.folder or Path(self.folder).is_dir()

    def address(self, home: Path) -> str:
        """The address of the source now: its own path, or its path from the home where only that exists
        or the home contains it."""
        if not self.folder:
            return self.kind
        from_home = os.path.normpath(home.absolute() / self.from_home)
        is_held = not self.from_home.startswith("..")
        is_meant = (is_held or not self.is_there) and Path(from_home).is_dir()
        return f"{self.kind}:{from_home if is_meant else self.folder}"

    def is_same(self, other: "HomeSource") -> bool:
        if self.folder and other.folder:
            return self.folder == other.folder or self.from_home == other.from_home
        return self.kind == other.kind

    def has_moved_to(self, other: "HomeSource") -> bool:
        """Whether `other` may be this source in a new place."""
        return self.kind == other.kind and not self.is_there


def stored_source(lakehouse: Lakehouse) -> HomeSource | None:
    """The source of the home; None before its first rows."""
    if not lakehouse.exists(ops.POSITIONS):
        return None
    is_ours = (F.col("reader") == READER) & (F.col("input") == INPUT)
    rows = lakehouse.read(ops.POSITIONS).where(is_ours).select("position").collect()
    return HomeSource.read(rows[0]["position"]) if rows else None


def address_for_night(given: str | None, stored: HomeSource | None, home: Path) -> str:
    """The address that the night reads: the one given, else the stored one, else what is simulated in
    the home.

    UserError for a source other than the stored one, and where none is known.
    """
    if given is None:
        if stored is not None:
            address = stored.address(home)
            if not HomeSource.of(address, home).is_there:
                raise UserError(
                    f"{printable(home)} is fed from {stored}, which is not there: put it back, or name its"
                    " new place with --source"
                )
            return address
        if (home / "simulated").is_dir():
            return f"simulated:{home / 'simulated'}"
        raise UserError(
            f"{printable(home)} is fed from nothing yet: name its source with --source export:DIR,"
            " simulated:DIR or databricks"
        )
    source = HomeSource.of(given, home)
    if stored is None or stored.is_same(source) or stored.has_moved_to(source):
        return given
    raise UserError(
        f"{printable(home)} is fed from {stored}, and rows of {source} would be mixed into it: leave --source"
        " out, or name another --home (a folder that has moved is taken once the old one is gone)"
    )
