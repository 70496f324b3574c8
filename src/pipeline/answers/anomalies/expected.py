"""How many flags of a night chance alone would make, in a sentence."""

from pipeline.answers.reader import Reader, records
from pipeline.answers.values import shown
from pipeline.tables.gold import FALSE_DISCOVERY_RATE

__all__ = ["expected_sentence"]


def expected_sentence(reader: Reader) -> str:
    """What the last night tested and flagged, and how much of it may be false."""
    nights = records(reader, "anomalies", "last_night")
    if not nights:
        return "No night has judged a job yet."
    [night] = nights
    jobs, flagged, by_chance = (night[name] for name in ("jobs", "flagged", "expected_false_flags"))
    return (
        f"In the 24 hours to {shown('at', night['night_at'])} UTC {flagged:,} of {jobs:,} jobs that could be judged"
        f" were unlike themselves. Chance alone would flag {by_chance:.2g} of them; over many nights at"
        f" most {FALSE_DISCOVERY_RATE:.0%} of flags are false."
    )
