"""Whoever carries out the text of an answer: delta-rs by itself, or an engine."""

from typing import Any, NamedTuple, Protocol

from pipeline.answers.answer import Answer

Record = dict[str, Any]
"""A row, by the names of the columns; times in UTC."""


class Answered(NamedTuple):
    """What came of a text: its columns, and its rows in its order."""

    names: tuple[str, ...]
    records: list[Record]


class Reader(Protocol):
    """The tables of one home, which answers are read from."""

    def read(self, answer: Answer, **parameters: str | None) -> Answered:
        """The rows of `answer`; UserError where the home lacks one of its tables."""
        ...


def records(reader: Reader, subject: str, name: str, **parameters: str | None) -> list[Record]:
    """All rows of the answer in `<subject>/<name>.sql`."""
    return reader.read(Answer.of_file(subject, name), **parameters).records
