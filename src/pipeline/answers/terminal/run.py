"""One run on a terminal: part by part beside what is usual, or beside another run."""

from collections.abc import Iterator

from rich.text import Text

from pipeline.answers.runs.comparison import Comparison, Part
from pipeline.answers.runs.reasons import causes_sentence, changes_sentence
from pipeline.answers.terminal.layout import listing
from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
from pipeline.answers.values import shown, text
from pipeline.sla.durations import duration


def run_lines(about: Comparison, width: int | None) -> Iterator[Text]:
    """The lines of `show run` for a terminal of `width` columns, None for a pipe."""
    room = width or PIPE_WIDTH
    run = about.run
    late = ", and missed its SLA" if run["sla_status"] == "MISSED" else ""
    yield from paragraph(
        f"Run {text(run['run_id'])} of {text(run['name']) or '(unnamed)'} ({text(run['series_key'])})"
        f" began at {shown('at', run['started_at'])} UTC: {text(run['status'])}{late}.",
        room,
        style="bold",
    )
    for sentence in (causes_sentence(about.causes), changes_sentence(about.changes)):
        yield from paragraph(sentence, room)
    yield from paragraph(_compared_with(about), room)
    yield Text()
    beside = "usual" if about.against is None else "other run"
    yield from listing([_row(part, beside) for part in about.parts], width)


def _compared_with(about: Comparison) -> str:
    if about.against is not None:
        other = about.against
        return (
            f"Beside run {text(other['run_id'])} of {shown('at', other['started_at'])} UTC:"
            f" {text(other['status'])}."
        )
    if not about.usual_of:
        return (
            "What is usual is not known: too few runs of the job have succeeded at once before it."
        )
    return f"Usual is the median of {about.usual_of} runs before it that succeeded at once."


def _row(part: Part, beside: str) -> dict[str, str]:
    difference = part.difference
    sign = "+" if difference is not None and difference > 0 else ""
    return {
        "part": part.name,
        "this run": part.words,
        beside: part.beside_words,
        "difference": "" if difference is None else f"{sign}{duration(difference)}",
    }
