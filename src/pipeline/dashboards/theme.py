"""The colours of charts: each stands out from a white and from a dark canvas by 3 to 1 or more."""

from enum import Enum
from typing import Final

LIGHT_CANVAS: Final = "#ffffff"
DARK_CANVAS: Final = "#16181d"
SERIES: Final = (
    "#3574b8",
    "#b5651d",
    "#3b8057",
    "#8a5fc0",
    "#b0507c",
    "#457f8f",
    "#8a7420",
    "#6f7680",
)
"""Of series that mean nothing but themselves, in order."""


class Tone(Enum):
    """The colour of a value that is good or bad in itself; the word beside it says the same."""

    GOOD = "#3574b8"
    BAD = "#c4453a"
    WAITING = "#8a7420"
    NEUTRAL = "#6f7680"
