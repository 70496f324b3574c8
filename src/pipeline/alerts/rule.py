"""What becomes of a condition: people are told at once, after some nights or failures, in a digest, or never."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Rule", "When"]

_AFTER: Final = re.compile(r"after ([1-9][0-9]{0,2})")


class When(StrEnum):
    """When people are told."""

    NOW = "now"
    DIGEST = "digest"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rule:
    """`least` is how many times in a row it must have come before `when` is now; before, it is in the digest."""

    when: When
    least: int = 1

    @classmethod
    def parse(cls, words: str) -> "Rule":
        """`now`, `after 3`, `digest` or `never`; ValueError for anything else."""
        if match := _AFTER.fullmatch(words.strip()):
            return cls(When.NOW, int(match[1]))
        try:
            return cls(When(words.strip()))
        except ValueError:
            raise ValueError(f"{words!r} is none of now, after N, digest and never") from None

    def applied(self, times: int) -> When:
        """When people are told of what has come `times` in a row."""
        return When.DIGEST if self.when is When.NOW and times < self.least else self.when

    def __str__(self) -> str:
        return f"after {self.least}" if self.when is When.NOW and self.least > 1 else str(self.when)


NOW: Final = Rule(When.NOW)
DIGEST: Final = Rule(When.DIGEST)
NEVER: Final = Rule(When.NEVER)


def after(times: int) -> Rule:
    return Rule(When.NOW, times)
