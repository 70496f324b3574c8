"""Delta tables behind one protocol: written atomically, read as of a version, asked what changed."""

from pipeline.lakehouse.folder import DeltaFolder
from pipeline.lakehouse.lock import home_lock
from pipeline.lakehouse.protocol import ChangesGone, Commit, KeyViolation, Lakehouse, Written

__all__ = [
    "ChangesGone",
    "Commit",
    "DeltaFolder",
    "KeyViolation",
    "Lakehouse",
    "Written",
    "home_lock",
]
