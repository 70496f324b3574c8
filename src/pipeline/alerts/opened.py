"""Channels as settings name them, opened: secrets are resolved here and nowhere earlier."""

import os
import sys
from typing import Final, TextIO, assert_never

from pipeline.alerts.channels.channel import Channel, NotSent, Reason
from pipeline.alerts.channels.email import Email
from pipeline.alerts.channels.slack import SlackBot, SlackWebhook
from pipeline.alerts.channels.stdout import Stdout
from pipeline.alerts.channels.webhook import Webhook
from pipeline.channel_settings import (
    ChannelSettings,
    EmailSettings,
    SlackSettings,
    StdoutSettings,
    WebhookSettings,
)
from pipeline.errors import UserError
from pipeline.secret import Secret, SecretReference
from pipeline.workspace.connection import Refused, Workspace
from pipeline.workspace.secrets import kept_secret

__all__ = ["open_channel", "resolved"]

_RETRY_SECONDS: Final = 20


def open_channel(settings: ChannelSettings, *, stdout: TextIO | None = None) -> Channel:
    """NotSent where one of its secrets is not there. `stdout` is where a channel of that kind writes."""
    match settings:
        case SlackSettings(url=url, token=token, channel=channel):
            if url is not None:
                return SlackWebhook(resolved(url), allow_private=settings.allow_private)
            # One of the two ways is whole.
            assert token is not None
            assert channel is not None
            return SlackBot(resolved(token), channel, allow_private=settings.allow_private)
        case EmailSettings(username=name, password=password):
            return Email(
                settings.host,
                settings.port,
                settings.security,
                settings.sender,
                settings.to,
                login=None if name is None or password is None else (name, resolved(password)),
                allow_private=settings.allow_private,
            )
        case WebhookSettings(url=url, secret=secret):
            return Webhook(
                resolved(url),
                None if secret is None else resolved(secret),
                allow_private=settings.allow_private,
            )
        case StdoutSettings():
            return Stdout(stdout or sys.stdout)
    assert_never(settings)


def resolved(reference: SecretReference) -> Secret:
    """What the reference stands for; NotSent where it is not there, or nobody says it."""
    if reference.variable:
        if not (value := os.environ.get(reference.variable, "").strip()):
            raise NotSent(Reason.NOT_CONFIGURED, missing=str(reference))
        return Secret(value)
    try:
        return kept_secret(Workspace.connect(_RETRY_SECONDS), reference.scope, reference.key)
    except (Refused, UserError):
        pass
    raise NotSent(Reason.NOT_CONFIGURED, missing=str(reference))
