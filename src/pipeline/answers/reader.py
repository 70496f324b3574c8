"""Whoever carries out the text of an answer: delta-rs by itself, or an engine."""

from typing import TYPE_CHECKING, Any, Protocol

from pipeline.answers.answer import Answer
from pipeline.answers.records import records_of

if TYPE_CHECKING:
    import pyarrow as pa


class Reader(Protocol):
    """The tables of one home, which answers are read from."""

    def read(self, answer: Answer, **parameters: str | None) -> "pa.Table":
        """The rows of `answer`, in its order; UserError where the home lacks one of its tables."""
        ...


def records(
    reader: Reader, subject: str, name: str, **parameters: str | None
) -> list[dict[str, Any]]:
    """All rows of the answer in `<subject>/<name>.sql`."""
    return records_of(reader.read(Answer.of_file(subject, name), **parameters))
