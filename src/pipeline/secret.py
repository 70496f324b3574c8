"""A secret, which nothing prints, and the reference that stands for it in settings."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

__all__ = ["Secret", "SecretReference"]

_REFERENCE: Final = re.compile(
    r"\$\{(?:env:(?P<variable>[A-Za-z_][A-Za-z0-9_]*)"
    r"|secret:(?P<scope>[\w.@-]{1,128})/(?P<key>[\w.-]{1,128}))\}",
    re.ASCII,
)
_HIDDEN: Final = "Secret(***)"


class Secret:
    """A text that is shown to nobody who does not ask for it by `reveal`: it has one form as text, whatever it
    holds, and cannot be pickled or written as JSON."""

    __slots__ = ("_reveal",)

    def __init__(self, text: str) -> None:
        # In a closure: what lists attributes, as debuggers and serialisers do, finds a function.
        self._reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        return self._reveal()

    def __repr__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return format(_HIDDEN, spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        del memo
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is: in an environment variable, or under a key of a scope of Databricks secrets."""

    variable: str = ""
    scope: str = ""
    key: str = ""

    @classmethod
    def parse(cls, written: object) -> "SecretReference":
        """From `${env:NAME}` or `${secret:scope/key}`; ValueError, which does not quote it, for anything else."""
        if isinstance(written, SecretReference):
            return written
        found = _REFERENCE.fullmatch(written) if isinstance(written, str) else None
        if found is None:
            raise ValueError(
                "a secret is only referred to here: write ${env:NAME} for an environment variable, or"
                " ${secret:scope/key} for a Databricks secret; one that was written out has to be issued anew"
            )
        return cls(**{name: value or "" for name, value in found.groupdict().items()})

    def __str__(self) -> str:
        return (
            f"${{env:{self.variable}}}" if self.variable else f"${{secret:{self.scope}/{self.key}}}"
        )
