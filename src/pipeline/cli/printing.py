"""Answers on a terminal, as JSON or as CSV; hints that can be copied; the bar of long work."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.options import HOME
from pipeline.errors import UserError

if TYPE_CHECKING:  # what `--help` does without
    from rich.progress import Progress

    from pipeline.answers.selection import Rows
    from pipeline.answers.terminal.views import View

TERMINAL_ROWS = 50
"""Rows of a list where nobody has said how many."""


@dataclass(frozen=True, slots=True)
class Form:
    """In which form an answer is wanted."""

    json: bool = False
    csv: bool = False

    def __post_init__(self) -> None:
        if self.json and self.csv:
            raise UserError("--json and --csv are two forms of one answer: ask for one of them")

    @property
    def is_for_scripts(self) -> bool:
        return self.json or self.csv

    def limit(self, asked: int | None, otherwise: int = TERMINAL_ROWS) -> int | None:
        """How many rows to show: for scripts all of them, unless they ask for fewer."""
        return asked if asked is not None or self.is_for_scripts else otherwise


@dataclass(frozen=True, slots=True)
class Hints:
    """Commands to go on with, told of the home that this one was told of."""

    home: Path

    def command(self, words: str) -> str:
        is_default = self.home == HOME or os.environ.get("RIGHTRUN_HOME") == str(self.home)
        return f"rightrun {words}" + (
            "" if is_default else f" --home {shlex.quote(str(self.home))}"
        )


def print_rows(
    title: str,
    rows: "Rows",
    form: Form,
    view: "View | None" = None,
    *,
    none: str = "none",
    everything: str = "",
) -> None:
    """One answer, on a terminal through `view`, by default with every column; `none` says what no rows mean,
    `everything` which command shows those left out."""
    from pipeline.answers.for_scripts import as_csv, as_json
    from pipeline.answers.terminal.answer_lines import answer_lines
    from pipeline.answers.terminal.screen import printed, screen, width_of
    from pipeline.answers.terminal.views import as_it_is

    if form.json:
        typer.echo(as_json(rows.shown))
    elif form.csv:
        typer.echo(as_csv(rows.names, rows.shown), nl=False)
    else:
        out = screen()
        printed(
            out,
            answer_lines(
                title, rows, width_of(out), view or as_it_is, none=none, everything=everything
            ),
        )


def print_records(
    title: str, records: Sequence[Mapping[str, Any]], form: Form, names: Iterable[str] = ()
) -> None:
    """Records that no answer made: `names` are the columns where there may be none."""
    from pipeline.answers.selection import Rows

    columns = tuple(records[0]) if records else tuple(names)
    print_rows(title, Rows(columns, [dict(one) for one in records], len(records)), form)


@contextmanager
def progress_bar(quiet: bool) -> "Iterator[Progress]":
    """A bar on stderr, where a person watches it: in the log of a night it would leave a blank line."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from pipeline.answers.terminal.screen import screen

    terminal = screen(stderr=True)
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
