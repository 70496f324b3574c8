"""What is found out of a workspace, one thing at a time, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.workspace.connection import Refused


class State(StrEnum):
    """Whether something is as RightRun needs it."""

    OK = "ok"
    MISSING = "missing"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that RightRun needs, or does better with."""

    item: str
    state: State
    explanation: str
    mends: tuple[str, ...] = ()
    """SQL statements and commands, each to be run as it stands."""
    is_needed: bool = True
    """Whether no night can run without it."""
    value: str = ""
    """Its id or name, where a setting or the bundle asks for it."""

    @property
    def stops(self) -> bool:
        """Whether it keeps a night from running."""
        return self.is_needed and self.state is State.MISSING


def not_told(
    item: str,
    fault: Refused,
    why: str = "",
    *,
    mends: tuple[str, ...] = (),
    is_needed: bool = True,
    value: str = "",
) -> Finding:
    """That something could not be found out, because a request was refused, and why it was."""
    explanation = f"{fault}: {why}" if why else str(fault)
    return Finding(
        item=item,
        state=State.UNKNOWN,
        explanation=explanation,
        mends=mends,
        is_needed=is_needed,
        value=value,
    )
