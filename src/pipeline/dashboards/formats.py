"""How a value is shown, which decides its type too: nothing on a page is a number without a format."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a value is, for whoever draws it."""

    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    """A part of 1, shown in percent."""
    MONEY = "money"
    """In the currency of the home's settings."""
    DAY = "day"
    TIME = "time"
    """In UTC, to the minute."""


class Scale(StrEnum):
    """The kind of axis that values of a format have."""

    CATEGORICAL = "categorical"
    TEMPORAL = "temporal"
    QUANTITATIVE = "quantitative"


@dataclass(frozen=True, slots=True)
class Format:
    """`type` is what SQL has to give, as Spark spells it; `places` are decimal places, `unit` follows a number."""

    kind: Kind
    type: str
    places: int = 0
    unit: str = ""

    @property
    def scale(self) -> Scale:
        match self.kind:
            case Kind.TEXT:
                return Scale.CATEGORICAL
            case Kind.DAY | Kind.TIME:
                return Scale.TEMPORAL
            case _:
                return Scale.QUANTITATIVE


TEXT: Final = Format(Kind.TEXT, "string")
COUNT: Final = Format(Kind.NUMBER, "bigint")
DECIMAL: Final = Format(Kind.NUMBER, "double", 2)
SCORE: Final = Format(Kind.NUMBER, "double", 4)
RATIO: Final = Format(Kind.NUMBER, "double", 2, "×")
SECONDS: Final = Format(Kind.NUMBER, "double", 0, "s")
MINUTES: Final = Format(Kind.NUMBER, "double", 1, "min")
HOURS: Final = Format(Kind.NUMBER, "double", 1, "h")
NODE_HOURS: Final = Format(Kind.NUMBER, "double", 1)
SHARE: Final = Format(Kind.SHARE, "double", 1)
MONEY: Final = Format(Kind.MONEY, "double", 2)
DAY: Final = Format(Kind.DAY, "date")
TIME: Final = Format(Kind.TIME, "timestamp")
