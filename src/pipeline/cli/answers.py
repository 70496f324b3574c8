"""Answers on a terminal or as JSON, the bar of long work, and times as people write them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pandas as pd
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.answers.terminal.tables import as_json, console, table
from pipeline.errors import UserError


def print_answer(
    title: str,
    frame: pd.DataFrame,
    json_: bool,
    cut: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
    none: Callable[[], str] = lambda: "none",
) -> None:
    """The whole answer as JSON, or `cut` to what a person reads; `none` says what no rows mean."""
    if json_:
        typer.echo(as_json(frame))
    else:
        console().print(table(title, cut(frame), none=none() if frame.empty else ""))


def print_answers(
    answers: dict[str, pd.DataFrame], json_: bool, none: Mapping[str, str] | None = None
) -> None:
    """Several answers, each under its name; `none` says what no rows of one mean."""
    if json_:
        typer.echo(as_json(answers))
        return
    for name, frame in answers.items():
        console().print(table(name, frame, none=(none or {}).get(name, "none")))


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress]:
    """A bar on stderr, where a person watches it: in the log of a night it would leave a blank line."""
    terminal = console(stderr=True)
    with Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        disable=quiet or not terminal.is_terminal,
        transient=True,
    ) as bar:
        yield bar


def moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{text!r} is no time: write it as 2026-01-31T02:00:00Z") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
