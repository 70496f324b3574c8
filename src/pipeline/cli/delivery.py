"""Messages on their way: sent, listed, tried again."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.homes import opened, reader_of, writing
from pipeline.cli.options import ENGINE, HOME, NOT_IN_ORDER, EngineName, Home, Json, Wait
from pipeline.cli.printing import Form, print_records
from pipeline.errors import UserError
from pipeline.near_names import did_you_mean
from pipeline.tables.declaration import Part

if TYPE_CHECKING:  # engines load only when a command uses one
    from pipeline.alerts.channels.channel import Channel
    from pipeline.alerts.deliveries import Delivery
    from pipeline.channel_settings import ChannelSettings

commands = typer.Typer()

_LOOKED_AGAIN_SECONDS = 15.0
_LATELY = timedelta(days=1)


@commands.command()
def deliver(
    minutes: Annotated[
        int | None,
        typer.Option("--for", min=1, help="Go on for so many minutes, looking for new messages."),
    ] = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Send what waits in the outbox, each channel for itself. Also while a night runs. What is not taken is tried again for a day; exit code 1 where one is given up."""
    from pipeline.alerts.delivery import deliver as deliver_round
    from pipeline.settings import load_settings

    # Looked at first: a lock is not taken, nor a folder made, for a home that holds nothing.
    opened(home, engine)
    # With --json the output is for a script, and messages to stdout go where a person may look.
    open_channel = _opener(load_settings(home).channels, to_stderr=json_)
    newest: dict[str, tuple[str, Delivery]] = {}
    ends_at = time.monotonic() + 60.0 * (minutes or 0)
    while True:
        with writing(home, engine, Part.DELIVERIES, wait=wait or minutes is not None) as tables:
            for outcome in deliver_round(*tables, open_channel):
                newest[outcome.delivery.message_id] = (outcome.channel, outcome.delivery)
        if time.monotonic() + _LOOKED_AGAIN_SECONDS > ends_at:
            break
        time.sleep(_LOOKED_AGAIN_SECONDS)
    _print_outcomes(newest, Form(json_))
    if any(one.state == "dead" for _, one in newest.values()):
        raise typer.Exit(NOT_IN_ORDER)


@commands.command()
def outbox(home: Home = HOME, engine: EngineName = ENGINE, json_: Json = False) -> None:
    """List the messages that wait, that are given up, and that were delivered in the last day."""
    from pipeline.answers.reader import records

    since = (datetime.now(UTC) - _LATELY).isoformat()
    rows = records(reader_of(home, engine), "alerts", "outbox", since=since)
    print_records("Outbox", rows, Form(json_), names=("message_id", "channel", "state"))


@commands.command()
def retry(
    message: Annotated[
        str | None, typer.Argument(help="A message_id, as rightrun alerts outbox lists it.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only messages to this channel.")] = None,
    wait: Wait = False,
    home: Home = HOME,
    engine: EngineName = ENGINE,
    json_: Json = False,
) -> None:
    """Make messages pending again that were given up: one, those to a channel, or all of them."""
    from pipeline.alerts.deliveries import retry as try_again

    opened(home, engine)
    with writing(home, engine, Part.DELIVERIES, wait=wait) as (spark, lakehouse):
        again = try_again(spark, lakehouse, message_id=message, channel=channel)
    if message is not None and not again:
        raise UserError(f"no message {message!r} is given up: see rightrun alerts outbox")
    rows = [
        {"message_id": one.message_id, "attempts": one.attempts, "reason": one.reason}
        for one in again
    ]
    print_records("Pending again", rows, Form(json_), names=("message_id", "attempts", "reason"))


@commands.command("test")
def try_channel(
    channel: Annotated[str, typer.Argument(help="A channel, by its name in the settings.")],
    home: Home = HOME,
    json_: Json = False,
) -> None:
    """Send a test message to a channel at once, and say what came of it."""
    from pipeline.alerts.channels.channel import NotSent
    from pipeline.alerts.message import Content, Kind, Message, message_id
    from pipeline.answers.for_scripts import as_json

    channels = channels_with(home, channel)
    now = datetime.now(UTC)
    message = Message(
        message_id=message_id(f"test/{now:%Y%m%dT%H%M%S.%f}", 0, channel),
        channel=channel,
        kind=Kind.TEST,
        decided_at=now,
        as_of=now,
        content=Content(
            headline="RightRun reaches you here",
            sentences=("This is a test: nothing has happened, and there is nothing to do.",),
            data_as_of=now,
        ),
    )
    begun_at = time.monotonic()
    status: int | None
    try:
        sent = _opener(channels, to_stderr=json_)(channel).send(message, None)
        state, reason, status = "delivered", None, sent.status_code
        sentence = f"{channel} has taken the message"
    except NotSent as failure:
        state, reason, status = "failed", str(failure.reason), failure.status_code
        sentence = f"{channel} has not taken the message: {failure}"
    seconds = time.monotonic() - begun_at
    code = f" ({status})" if status is not None else ""
    if json_:
        row = {"channel": channel, "state": state, "reason": reason, "status_code": status}
        typer.echo(as_json([row | {"seconds": round(seconds, 3), "sentence": sentence}]))
    else:
        typer.echo(f"{sentence}{code}, after {seconds:.1f} s.")
    if reason is not None:
        raise typer.Exit(NOT_IN_ORDER)


def channels_with(home: Path, name: str) -> "Mapping[str, ChannelSettings]":
    """The channels that settings name; UserError where `name` is none of them."""
    from pipeline.settings import load_settings

    channels = load_settings(home).channels
    if name not in channels:
        every = f"settings name {', '.join(channels) or 'none'}"
        hint = did_you_mean(name, channels, otherwise=every)
        raise UserError(f"there is no channel {name!r}: {hint}")
    return channels


def _opener(
    channels: "Mapping[str, ChannelSettings]", *, to_stderr: bool
) -> "Callable[[str], Channel]":
    """Opens a channel by its name; NotSent for one that settings do not name."""
    from pipeline.alerts.channels.channel import NotSent, Reason
    from pipeline.alerts.opened import open_channel

    def opened_by_name(name: str) -> "Channel":
        if name not in channels:
            raise NotSent(Reason.NOT_CONFIGURED)
        return open_channel(channels[name], stdout=sys.stderr if to_stderr else sys.stdout)

    return opened_by_name


def _print_outcomes(newest: "Mapping[str, tuple[str, Delivery]]", form: Form) -> None:
    counted = Counter(
        (channel, delivery.state, delivery.reason) for channel, delivery in newest.values()
    )
    rows = [
        {"channel": channel, "state": state, "messages": count, "reason": reason}
        for (channel, state, reason), count in sorted(counted.items(), key=str)
    ]
    print_records("Delivered", rows, form, names=("channel", "state", "messages", "reason"))
