"""The answers of the last night."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline.answers.terminal import brief
from pipeline.answers.terminal.chart import chart
from pipeline.answers.terminal.tables import as_json, console, facts
from pipeline.cli.answers import print_answer, print_answers
from pipeline.cli.homes import questions_of
from pipeline.cli.options import (
    ENGINE,
    HOME,
    NOT_IN_ORDER,
    EngineName,
    Home,
    Json,
    Limit,
    Owner,
    Team,
)

_WIDEST = 140
"""Columns of a picture at the most: wider ones are harder to read, not easier."""

commands = typer.Typer(no_args_is_help=True, help="Read the answers of the last night.")


@commands.command("jobs")
def show_jobs(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """List jobs with who they belong to."""
    print_answer("Jobs", questions_of(home, engine, team, owner).jobs(limit), json_, brief.jobs)


@commands.command("job")
def show_job(
    key: Annotated[str, typer.Argument(help="workspace_id/job_id, a job id, or a name.")],
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 15,
    svg: Annotated[
        Path | None, typer.Option(help="Write the picture of its runs to this file as well.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show all about one job, with a picture of its runs, the forecast and the SLA."""
    questions = questions_of(home, engine, None, None)
    series = questions.key_of(key)
    found = questions.job(series, runs=limit)
    history = None if json_ and svg is None else questions.history(series)
    if svg is not None and history is not None:
        from pipeline.answers.html.figure import write_figure

        write_figure(history, svg)
    if json_:
        typer.echo(as_json(found))
        return
    if history is not None:
        console().print(chart(history, min(console().width, _WIDEST)))
    for name, frame in found.items():
        console().print(facts(name, brief.priced(frame)))


@commands.command("failing")
def show_failing(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """List the jobs that are failing now; exits 1 when there are any."""
    questions = questions_of(home, engine, team, owner)
    rows = questions.failing(limit)
    print_answer("Jobs failing now", rows, json_, brief.failing, questions.why_none_fails)
    if len(rows):
        raise typer.Exit(NOT_IN_ORDER)


@commands.command("costs")
def show_costs(
    home: Home = HOME, engine: EngineName = ENGINE, team: Team = None, json_: Json = False
) -> None:
    """Show list cost by team over the last 30 days that were billed in full."""
    questions = questions_of(home, engine, team, None)
    rows = questions.cost_by_team()
    print_answer(brief.costs_title(questions.last_cost_day()), rows, json_, brief.costs)
    if not json_ and team is None:
        typer.echo(brief.coverage(rows))


@commands.command("sla")
def show_sla(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """Show who is likely to miss: the next runs, those in progress, and jobs that grow; compliance."""
    questions = questions_of(home, engine, team, owner)
    answers = {
        "next runs": questions.likely_to_miss(limit),
        "runs in progress": questions.in_flight(limit),
        "growing towards their SLA": questions.growing(limit),
        "compliance": questions.sla(limit),
    }
    cut = {
        "next runs": brief.likely_to_miss,
        "runs in progress": brief.in_flight,
        "growing towards their SLA": brief.growing,
        "compliance": brief.sla,
    }
    if json_:
        print_answers(answers, json_)
        return
    none = {} if len(answers["next runs"]) else {"next runs": questions.why_none_misses()}
    print_answers({name: cut[name](rows) for name, rows in answers.items()}, json_, none)


@commands.command("baselines")
def show_baselines(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    json_: Json = False,
) -> None:
    """Show the jobs whose last run was unlike themselves."""
    rows = questions_of(home, engine, team, owner).unlike_themselves(limit)
    print_answer("Last runs unlike their job", rows, json_, brief.unlike_themselves)


@commands.command("rightsizing")
def show_rightsizing(
    home: Home = HOME,
    engine: EngineName = ENGINE,
    limit: Limit = 50,
    team: Team = None,
    owner: Owner = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Also those to keep and those not assessed.")
    ] = False,
    json_: Json = False,
) -> None:
    """Show recommended cluster sizes."""
    questions = questions_of(home, engine, team, owner)
    rows = questions.rightsizing(limit, changes_only=not all_)
    print_answer(
        "Right-sizing (saving is the DBU part, 80 % interval)",
        rows,
        json_,
        partial(brief.sizes, reasons=True),
        questions.why_no_size,
    )


@commands.command("quality")
def show_quality(home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False) -> None:
    """Show broken rules, quarantined rows and jobs without an answer; exits 1 when a rule is broken."""
    answers = questions_of(home, engine, None, None).quality()
    told = answers if json_ else {**answers, "sources": brief.sources(answers["sources"])}
    print_answers(told, json_)
    if len(answers["rules broken"]):
        raise typer.Exit(NOT_IN_ORDER)
