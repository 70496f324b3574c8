"""Incidents: decided, listed, explained, taken on; and what shall be held for a while."""

import getpass
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.cli.homes import opened, reader_of, writing
from pipeline.cli.options import ENGINE, HOME, EngineName, Home, Json, Team, Wait
from pipeline.cli.printing import Form, Hints, print_records
from pipeline.errors import UserError
from pipeline.near_names import did_you_mean
from pipeline.tables.declaration import Part

if TYPE_CHECKING:  # engines load only when a command uses one
    from pipeline.answers.reader import Reader
    from pipeline.lakehouse.protocol import Lakehouse

commands = typer.Typer()

_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_FAR: Final = timedelta(days=3_650)
_LISTED: Final = (
    "tier", "state", "headline", "team", "began_at", "told_at", "channels", "messages", "held_by",
    "acknowledged_by", "incident_id",
)  # fmt: skip

By = Annotated[str | None, typer.Option(help="Who says so; your login by default.")]
Why = Annotated[str, typer.Option(help="What you know of it.")]
Incident = Annotated[str, typer.Argument(help="An incident_id, as rightrun alerts list says it.")]


@commands.command()
def decide(
    wait: Wait = False, home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False
) -> None:
    """Decide on what the last night has found: what is an incident, and who is told. A night does so at its end."""
    from pipeline.alerts.memory import decide_now
    from pipeline.settings import load_settings

    settings = load_settings(home).alerts
    opened(home, engine)
    with writing(home, engine, Part.OUTBOX, wait=wait) as (spark, lakehouse):
        reader = reader_of(home, engine)
        made = decide_now(spark, lakehouse, reader, settings, _now(home, lakehouse))
    if made is None:
        raise UserError(
            "there is nothing to decide on: no night has forecast a run yet, or a later one has been decided on"
        )
    print_records("Decided", [made.record()], Form(json_))


@commands.command("list")
def list_incidents(
    team: Team = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is over, and what nobody was told of.")
    ] = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """List the incidents that people were told of and that go on. With since when, and who has taken them on."""
    rows = _remembered(reader_of(home, engine))
    shown = [
        # Of news that went to no channel nobody was told.
        row | {"told_at": row["told_at"] if row["channels"] else None}
        for row in rows
        if (everything or row["state"] == "open") and (team is None or row["team"] == team)
    ]
    print_records(
        "Incidents", [{name: row[name] for name in _LISTED} for row in shown], Form(json_), _LISTED
    )
    if not json_ and not everything and (watched := sum(row["state"] == "watched" for row in rows)):
        command = Hints(home).command("alerts list --all")
        typer.echo(f"Of {watched:,} more nobody was told at once: {command}")


@commands.command()
def explain(
    incident: Incident, home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False
) -> None:
    """Explain an incident: what holds, why with this tier, what became of it, who was told, what would silence it."""
    from pipeline.alerts.explaining import explanation
    from pipeline.answers.for_scripts import as_json
    from pipeline.settings import load_settings

    reader = reader_of(home, engine)
    row = _the_one(_remembered(reader), incident)
    lines = explanation(reader, row, load_settings(home).alerts)
    if json_:
        typer.echo(as_json([{**row, "explanation": lines}]))
    else:
        typer.echo("\n".join(lines))


@commands.command()
def policy(home: Home = HOME, json_: Json = False) -> None:
    """Show what becomes of each condition, tier by tier, and where messages go."""
    from pipeline.alerts.policy import Policy
    from pipeline.settings import load_settings

    settings = load_settings(home)
    chosen = Policy(settings.alerts)
    print_records("What becomes of what holds", chosen.explained(), Form(json_))
    if not json_:
        for sentence in chosen.sentences(settings.channels):
            typer.echo(sentence)


@commands.command()
def ack(
    incident: Incident, why: Why = "", by: By = None, wait: Wait = False,
    home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False,
) -> None:  # fmt: skip
    """Take an incident on. Until it is over, nobody hears more of it."""
    reader = reader_of(home, engine)
    row = _the_one(_remembered(reader), incident)
    subject = f"incident:{row['incident_id']}"
    _say("acknowledged", subject, _FAR, why, by, home, engine, wait, json_)


@commands.command()
def silence(
    subject: Annotated[
        str,
        typer.Argument(help="incident:ID, job:KEY, team:NAME or condition:NAME."),
    ],
    span: Annotated[str, typer.Option("--for", help="For how long: 90m, 8h, 3d.")],
    why: Why,
    by: By = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Hold what concerns an incident, a job, a team or a condition for a while. Also while a night runs."""
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise UserError(f"--for {span!r} is no span of time: write 90m, 8h or 3d")
    if not why.strip():
        raise UserError("say why: --why TEXT")
    meant = _subject(reader_of(home, engine), subject)
    lasts = timedelta(**{_UNITS[match[2]]: int(match[1])})
    _say("silence", meant, lasts, why, by, home, engine, wait, json_)


@commands.command()
def unsilence(
    subject: Annotated[str, typer.Argument(help="What was silenced, in the same words.")],
    by: By = None, wait: Wait = False, home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False,
) -> None:  # fmt: skip
    """End a silence."""
    from pipeline.alerts.silences import silences_in_force
    from pipeline.answers.reader import records

    reader = reader_of(home, engine)
    meant = _subject(reader, subject)
    held = [
        one.subject
        for one in silences_in_force(records(reader, "alerts", "said"), datetime.now(UTC))
    ]
    if meant not in held:
        hint = did_you_mean(meant, held, otherwise=f"silenced are {', '.join(held) or 'none'}")
        raise UserError(f"{subject!r} is not silenced: {hint}")
    _say("silence", meant, None, "", by, home, engine, wait, json_)


def _now(home: Path, lakehouse: "Lakehouse") -> datetime:
    """The time at the source: a simulated account may have days in the future."""
    from pipeline.sources.address import now_at
    from pipeline.sources.home_source import stored_source

    source = stored_source(lakehouse)
    return datetime.now(UTC) if source is None else now_at(source.address(home))


def _remembered(reader: "Reader") -> list[dict[str, Any]]:
    from pipeline.answers.reader import records

    return records(reader, "alerts", "incidents")


def _the_one(rows: list[dict[str, Any]], asked: str) -> dict[str, Any]:
    """The incident meant: by its id, or by a part of it or of its headline that no other has and is not over."""
    for row in rows:
        if row["incident_id"] == asked:
            return row
    going_on = [row for row in rows if row["state"] != "over"]
    found = [row for row in going_on if asked in row["incident_id"] or asked in row["headline"]]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(row["incident_id"] for row in found[:6])
        raise UserError(f"{asked!r} may be one of {len(found)} incidents: write one of {ids}")
    hint = did_you_mean(
        asked, [row["incident_id"] for row in rows], otherwise="see rightrun alerts list --all"
    )
    raise UserError(f"there is no incident {asked!r}: {hint}")


def _subject(reader: "Reader", words: str) -> str:
    """A subject as it is written down; UserError for one that is not there."""
    from pipeline.alerts.conditions import CONDITIONS
    from pipeline.answers.jobs.which import key_of, selection_of

    kind, _, name = words.partition(":")
    match kind:
        case "incident":
            return f"incident:{_the_one(_remembered(reader), name)['incident_id']}"
        case "job":
            return f"job:{key_of(reader, name)}"
        case "team":
            return f"team:{selection_of(reader, name).team}"
        case "condition":
            if name not in CONDITIONS:
                every = f"conditions are {', '.join(CONDITIONS)}"
                hint = did_you_mean(name, CONDITIONS, otherwise=every)
                raise UserError(f"there is no condition {name!r}: {hint}")
            return words
    raise UserError(f"{words!r} is none of incident:ID, job:KEY, team:NAME and condition:NAME")


def _say(
    kind: str, subject: str, lasts: timedelta | None, why: str, by: str | None,
    home: Path, engine: str, wait: bool, json_: bool,
) -> None:  # fmt: skip
    from pipeline.alerts.memory import remember_said

    who = (by or getpass.getuser()).strip()
    if not who:
        raise UserError("say who decides: --by NAME")
    now = datetime.now(UTC)
    until = None if lasts is None else now + lasts
    with writing(home, engine, Part.OUTBOX, wait=wait) as (spark, lakehouse):
        remember_said(spark, lakehouse, kind, subject, until, by=who, why=why.strip(), at=now)
    row = {
        "kind": kind,
        "subject": subject,
        "decided_by": who,
        "decided_at": now,
        "why": why.strip(),
    }
    if kind == "silence":
        row["until_at"] = until
    title = "Silence ended" if until is None else "Held" if kind == "silence" else "Taken on"
    print_records(title, [row], Form(json_))
