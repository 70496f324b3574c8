"""The first line of an error as people may be told it: short, and without what may be a secret or a person's.

Errors are texts of jobs, and may quote anything. What looks like a credential, an address, a person or a long
number goes; a short secret that nothing marks as one stays, as nobody can tell it from a word.
"""

import re
from typing import Final

from pipeline.answers.values import printable

__all__ = ["error_line"]

_LONGEST: Final = 200
_READ: Final = 4_000
"""Characters that are looked at: nothing makes a sweep slow."""
_STYLES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HIDDEN: Final = "[hidden]"
_MARKS: Final = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|auth(?:orization)?|signature|sig"
    r"|api[ _-]?key|access[ _-]?key(?:[ _-]?id)?|account[ _-]?key|private[ _-]?key|key|user(?:name)?|uid|login"
)
_RULES: Final = (
    # Of an address the scheme and the host stay; who logs in, paths and queries may be secrets.
    (
        re.compile(r"\b([a-z][a-z0-9+.:-]{1,30})://(?:[^\s/@]*@)*([\w.-]{0,253})[^\s'\"<>)\]]*", re.IGNORECASE),
        r"\1://\2/…",
    ),
    (re.compile(r"[^\s@'\"<>(:=,;\[]{1,64}@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"\b(bearer|basic|token)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            rf"((?:\b|_)(?:{_MARKS})\b['\"]?\s*(?:=>|[:=]|\bis\b)\s*)(?:'[^']*'?|\"[^\"]*\"?|[^\s,;&)}}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"\b(?:dapi|dkea|dose|dsapi|AKIA|ASIA|gh[opsru]_|xox[a-z]-|sk-|eyJ)[\w.=-]{8,}"), _HIDDEN),
    # Long and of letters and digits mixed: keys, hashes, ids.
    (re.compile(r"(?=[\w+/=-]{0,200}\d)(?=[\w+/=-]{0,200}[A-Za-z])[\w+/=-]{20,}"), _HIDDEN),
    (re.compile(r"(?<![\w.])\+?\d(?:[ .-]?\d){6,}"), "[number]"),
)  # fmt: skip


def error_line(text: object) -> str | None:
    """The first line of `text` that says anything, redacted and cut; None where it is no text or says nothing."""
    if not isinstance(text, str):
        return None
    for line in _STYLES.sub("", text[:_READ]).splitlines():
        if words := printable(line):
            for pattern, instead in _RULES:
                words = pattern.sub(instead, words)
            return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"
    return None
