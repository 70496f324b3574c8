"""Names near to one that does not exist, for whoever has mistyped it."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 3
_CUTOFF = 0.6


def near_names(asked: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names`: those that `asked` is a part of, then those spelled alike."""
    by_fold = {name.casefold(): name for name in sorted(names)}
    folded = asked.casefold()
    parts = [fold for fold in by_fold if folded and folded in fold]
    alike = get_close_matches(folded, by_fold, n=_MOST, cutoff=_CUTOFF)
    return [by_fold[fold] for fold in dict.fromkeys([*parts, *alike])][:_MOST]


def did_you_mean(asked: str, names: Iterable[str], *, otherwise: str) -> str:
    """The question with the names near to `asked`, or `otherwise` where there are none."""
    near = near_names(asked, names)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
