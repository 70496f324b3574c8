"""The channels that messages leave by, as settings name them: where each leads, never with a secret."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, field_validator, model_validator

from pipeline.secret import SecretReference

__all__ = ["ChannelSettings", "EmailSettings", "SlackSettings", "StdoutSettings", "WebhookSettings"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
Reference = Annotated[SecretReference, PlainValidator(SecretReference.parse)]


class _Channel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Remote(_Channel):
    allow_private: bool = False
    """Whether it may lead to loopback, private or link-local addresses."""


class SlackSettings(_Remote):
    """A channel of Slack: by the URL of an incoming webhook, or by a bot's token, which can answer in a thread."""

    kind: Literal["slack"]
    url: Reference | None = None
    token: Reference | None = None
    channel: str | None = Field(default=None, pattern=r"^[A-Z0-9]{9,24}$")
    """Id of the channel that the bot writes in."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "SlackSettings":
        if (self.url is None) == (self.token is None):
            raise ValueError("name url for an incoming webhook, or token and channel for a bot")
        if (self.token is None) != (self.channel is None):
            raise ValueError(
                "name token together with channel, the id of a Slack channel (C0123456789)"
            )
        return self


class EmailSettings(_Remote):
    """Addresses, and the SMTP server that takes mail for them."""

    kind: Literal["email"]
    host: str = Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """none is refused by all but a server on this machine."""
    username: str | None = None
    password: Reference | None = None
    sender: str
    to: tuple[str, ...] = Field(min_length=1, max_length=100)

    @field_validator("sender", "to")
    @classmethod
    def _are_addresses(cls, addresses: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (addresses,) if isinstance(addresses, str) else addresses:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(
                    "an address is written name@domain, in ASCII and without a display name"
                )
        return addresses

    @model_validator(mode="after")
    def _logs_in_with_both(self) -> "EmailSettings":
        if (self.username is None) != (self.password is None):
            raise ValueError("name username together with password")
        return self


class WebhookSettings(_Remote):
    """Any receiver of JSON, signed as the Standard Webhooks say where there is a secret."""

    kind: Literal["webhook"]
    url: Reference
    secret: Reference | None = None


class StdoutSettings(_Channel):
    """The output of the command that delivers."""

    kind: Literal["stdout"]


ChannelSettings = Annotated[
    SlackSettings | EmailSettings | WebhookSettings | StdoutSettings, Field(discriminator="kind")
]
