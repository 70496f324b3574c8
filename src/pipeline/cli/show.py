"""The answers of the last night."""

import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pipeline.cli.homes import reader_of
from pipeline.cli.options import (
    ENGINE,
    HOME,
    NOT_IN_ORDER,
    Csv,
    EngineName,
    Home,
    Json,
    Limit,
    Owner,
    Sort,
    State,
    Team,
    Tier,
)
from pipeline.cli.printing import Form, Hints, print_rows
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.answers.listings import Listing

_WIDEST = 140
"""Columns of a picture at the most: wider ones are harder to read, not easier."""
_FEWER = 10
"""Rows of each of several lists."""


class Who(NamedTuple):
    """Whose jobs are asked about; None is everyone's, or any."""

    team: str | None = None
    owner: str | None = None
    tier: int | None = None
    state: str | None = None

    def options(self, sort: str | None) -> str:
        """The same as options of a command, with a space before each."""
        given = {**self._asdict(), "sort": sort}
        return "".join(
            f" --{name} {shlex.quote(str(value))}"
            for name, value in given.items()
            if value is not None
        )


commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Read the answers of the last night."
)


def listed(
    into: typer.Typer,
    name: str,
    lists: "Callable[[], list[Listing]]",
    help_: str,
    *,
    fails: bool = False,
    after: Callable[[Path, str, Form], None] | None = None,
) -> None:
    """Add the command `name`: one list of `pipeline.answers.listings`, or several under their
    headings. With `fails` it exits 1 when there are rows; `after` is called with the home, the engine and the
    form when they have been shown."""

    @into.command(name, help=help_)
    def command(
        home: Home = HOME,
        engine: EngineName = ENGINE,
        team: Team = None,
        owner: Owner = None,
        tier: Tier = None,
        state: State = None,
        sort: Sort = None,
        limit: Limit = None,
        json_: Json = False,
        csv_: Csv = False,
    ) -> None:
        form, who = Form(json_, csv_), Who(team, owner, tier, state)
        show(lists(), home, engine, form, limit, sort, who, fails=fails)
        if after is not None:
            after(home, engine, form)


def show(
    lists: "list[Listing]",
    home: Path,
    engine: str,
    form: Form,
    limit: int | None,
    sort: str | None,
    who: Who,
    *,
    fails: bool = False,
) -> None:
    """Print each list for the jobs of `who`."""
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.jobs.which import selection_of
    from pipeline.answers.terminal.views import VIEWS

    if len(lists) > 1 and (form.csv or sort):
        raise UserError(
            "this command shows several lists, and CSV and --sort are for one: use --json"
        )
    reader = reader_of(home, engine)
    most = form.limit(limit) if len(lists) == 1 else form.limit(limit, _FEWER)
    chosen = selection_of(reader, *who, sort=sort, limit=most)
    rows = {one: one.rows(reader, chosen) for one in lists}
    if form.json and len(lists) > 1:
        typer.echo(as_json({one.json_name: rows[one].shown for one in lists}))
    else:
        hints = Hints(home)
        for number, one in enumerate(lists):
            if number:
                typer.echo()
            none = "" if rows[one].shown else one.why_none(reader, chosen)
            everything = hints.command(
                f"{one.command} --limit {rows[one].total}{who.options(sort)}"
            )
            print_rows(one.title, rows[one], form, VIEWS[one], none=none, everything=everything)
    if fails and any(answer.total for answer in rows.values()):
        raise typer.Exit(NOT_IN_ORDER)


def named_lists(*names: str) -> "Callable[[], list[Listing]]":
    """Lists by name, loaded when a command needs them."""

    def load() -> "list[Listing]":
        from pipeline.answers import listings

        return [getattr(listings, name) for name in names]

    return load


listed(commands, "jobs", named_lists("JOBS"), "List jobs with who they belong to.")
listed(
    commands,
    "failing",
    named_lists("FAILING"),
    "List the jobs that are failing now. Exits 1 when there are any.",
    fails=True,
)
listed(
    commands,
    "sla",
    named_lists("NEXT_RUNS", "IN_FLIGHT", "GROWING", "COMPLIANCE"),
    "Show who may miss their SLA. The next runs, those in progress, jobs that grow; compliance.",
)


def _say_what_is_by_chance(home: Path, engine: str, form: Form) -> None:
    if form.is_for_scripts:
        return
    from pipeline.answers.anomalies.expected import expected_sentence
    from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
    from pipeline.answers.terminal.screen import printed, screen, width_of

    out = screen()
    sentence = expected_sentence(reader_of(home, engine))
    printed(out, paragraph(sentence, width_of(out) or PIPE_WIDTH))


listed(
    commands,
    "anomalies",
    named_lists("FLAGGED", "BELOW_FLOOR", "REGIMES", "RESIZES"),
    "List what the last night flagged, in words. And below the floors, levels and clusters that have changed.",
    after=_say_what_is_by_chance,
)


@commands.command("rightsizing")
def show_rightsizing(
    all_: Annotated[
        bool, typer.Option("--all", help="Also those to keep and those not assessed.")
    ] = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    team: Team = None,
    owner: Owner = None,
    tier: Tier = None,
    state: State = None,
    sort: Sort = None,
    limit: Limit = None,
    json_: Json = False,
    csv_: Csv = False,
) -> None:
    """Show recommended cluster sizes."""
    lists = named_lists("ALL_SIZES" if all_ else "SIZES")()
    show(lists, home, engine, Form(json_, csv_), limit, sort, Who(team, owner, tier, state))


@commands.command("costs")
def show_costs(
    by: Annotated[str, typer.Option(help="team or job.")] = "team",
    home: Home = HOME,
    engine: EngineName = ENGINE,
    team: Team = None,
    sort: Sort = None,
    limit: Limit = None,
    json_: Json = False,
    csv_: Csv = False,
) -> None:
    """Show list cost by team or by job. Of the last 30 days that were billed in full."""
    from pipeline.answers import listings
    from pipeline.answers.costs.attribution import attribution, without_a_job
    from pipeline.answers.jobs.which import selection_of
    from pipeline.answers.selection import Selection
    from pipeline.answers.terminal.paragraph import PIPE_WIDTH, paragraph
    from pipeline.answers.terminal.screen import printed, screen, width_of
    from pipeline.answers.terminal.views import VIEWS

    if by not in ("team", "job"):
        raise UserError(f"--by {by!r} is not known: costs are shown by team or by job")
    one = listings.TEAM_COSTS if by == "team" else listings.JOB_COSTS
    form = Form(json_, csv_)
    reader = reader_of(home, engine)
    chosen = selection_of(reader, team, sort=sort)
    every = one.rows(reader, chosen)
    rows = every.first(form.limit(limit))
    title = f"{one.title}, {listings.days_of_costs(reader)}"
    everything = Hints(home).command(f"{one.command} --limit {rows.total}{Who(team).options(sort)}")
    print_rows(title, rows, form, VIEWS[one], everything=everything)
    if form.is_for_scripts or team is not None:
        return
    if by == "team":
        sentences = attribution(every.shown)
    else:
        of_teams = listings.TEAM_COSTS.rows(reader, Selection()).shown
        sentences = without_a_job(of_teams, every.shown)
    out = screen()
    for sentence in sentences:
        printed(out, paragraph(sentence, width_of(out) or PIPE_WIDTH))


@commands.command("job")
def show_job(
    key: Annotated[str, typer.Argument(help="workspace_id/job_id, a job id, or a name.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Annotated[int, typer.Option(min=1, help="Runs to list on a terminal.")] = 10,
    svg: Annotated[
        Path | None, typer.Option(help="Write the picture of its runs to this file as well.")
    ] = None,
    json_: Json = False,
) -> None:
    """Say how one job is. With a picture of its runs, the forecast and the SLA, and all details."""
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.jobs.profile import picture, profile
    from pipeline.answers.jobs.which import key_of
    from pipeline.answers.terminal.job import job_lines
    from pipeline.answers.terminal.screen import printed, screen, width_of

    reader = reader_of(home, engine)
    about = profile(reader, key_of(reader, key))
    if svg is not None:
        from pipeline.answers.html.figure import write_figure

        write_figure(picture(reader, about), svg)
    if json_:
        typer.echo(as_json(about.sections))
        return
    out = screen()
    printed(
        out,
        job_lines(
            about,
            picture(reader, about),
            width_of(out),
            Hints(home).command,
            most_runs=limit,
            widest=_WIDEST,
        ),
    )


@commands.command("run")
def show_run(
    run: Annotated[str, typer.Argument(help="A run id, or workspace_id/run_id.")],
    against: Annotated[
        str | None, typer.Option(help="Another run to compare it with, in place of what is usual.")
    ] = None,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Compare one run part by part with what is usual. With why it was slow, and what was changed before."""
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.runs.comparison import comparison
    from pipeline.answers.terminal.run import run_lines
    from pipeline.answers.terminal.screen import printed, screen, width_of

    about = comparison(reader_of(home, engine), run, against)
    if json_:
        typer.echo(as_json(about.for_scripts()))
        return
    out = screen()
    printed(out, run_lines(about, width_of(out)))


@commands.command("chain")
def show_chain(
    key: Annotated[str, typer.Argument(help="workspace_id/job_id, a job id, or a name.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Annotated[int, typer.Option(min=1, help="Jobs to list each way on a terminal.")] = 30,
    json_: Json = False,
) -> None:
    """Say which jobs come before and after one. With its deadline, slack, critical path, and what a failure would reach."""
    from pipeline.answers.chains.chain import chain
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.jobs.which import key_of
    from pipeline.answers.terminal.chain import chain_lines
    from pipeline.answers.terminal.screen import printed, screen, width_of

    reader = reader_of(home, engine)
    about = chain(reader, key_of(reader, key))
    if json_:
        typer.echo(as_json(about.for_scripts()))
        return
    out = screen()
    printed(out, chain_lines(about, width_of(out), most=limit))


@commands.command("night")
def show_night(home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False) -> None:
    """Say again what the last night said. First of all, its lists, and what each of its steps did."""
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.nights.headline import headline
    from pipeline.answers.reader import records
    from pipeline.answers.terminal.night import night_lines
    from pipeline.answers.terminal.screen import printed, screen, width_of

    reader, command = reader_of(home, engine), Hints(home).command
    steps = records(reader, "nights", "last_night")
    if json_:
        typer.echo(as_json({"headline": asdict(headline(reader, command)), "steps": steps}))
        return
    out = screen()
    printed(out, night_lines(reader, steps, command, width_of(out)))


listed(
    commands,
    "changes",
    named_lists("CHANGES"),
    "List what the last night says anew. What was not said of a job in the night before.",
)


@commands.command("quality")
def show_quality(home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False) -> None:
    """Show what is in doubt. Broken rules, quarantined rows, jobs without an answer; exits 1 when a rule is broken."""
    from pipeline.answers.for_scripts import as_json
    from pipeline.answers.quality.sections import sections
    from pipeline.answers.selection import Rows
    from pipeline.answers.terminal import views

    answers = sections(reader_of(home, engine))
    if json_:
        typer.echo(as_json(answers))
    else:
        for name, records in answers.items():
            view = views.sources if name == "sources" else views.as_it_is
            rows = Rows(tuple(records[0]) if records else (), records, len(records))
            print_rows(name.replace("_", " ").capitalize(), rows, Form(), view)
    if answers["rules_broken"]:
        raise typer.Exit(NOT_IN_ORDER)
