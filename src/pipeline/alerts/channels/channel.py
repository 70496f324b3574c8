"""What a channel does, whichever it is: send one message, and say what came of it in few, fixed words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pipeline.alerts.message import Message

__all__ = ["Channel", "NotSent", "Reason", "Sent"]


class Reason(StrEnum):
    """Why a message was not taken. What the other side says of it may quote anything, and is not kept."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    UNREADABLE = "unreadable"
    NOT_CONFIGURED = "not_configured"
    FAULT = "fault"
    CERTIFICATE = "certificate"
    ADDRESS = "address"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    GONE = "gone"
    REJECTED = "rejected"
    INVALID = "invalid"
    EXPIRED = "expired"
    UNHEARD = "unheard"

    @property
    def may_pass(self) -> bool:
        """Whether it may be mended by trying again, or by a person who mends the settings within the day."""
        return self in _PASSING

    @property
    def sentence(self) -> str:
        """What happened, and what to do."""
        return _SENTENCES[self]


_PASSING = frozenset(
    {
        Reason.RATE_LIMITED,
        Reason.SERVER_ERROR,
        Reason.TIMEOUT,
        Reason.CONNECTION,
        Reason.UNREADABLE,
        Reason.NOT_CONFIGURED,
        Reason.FAULT,
    }
)
_SENTENCES = {
    Reason.RATE_LIMITED: "the other side takes no more for now",
    Reason.SERVER_ERROR: "the other side failed",
    Reason.TIMEOUT: "the other side did not answer in time",
    Reason.CONNECTION: "no connection came about, or it broke",
    Reason.UNREADABLE: "the answer is not of the form that its protocol promises",
    Reason.NOT_CONFIGURED: "settings name no such channel",
    Reason.FAULT: "a fault of RightRun: report it",
    Reason.CERTIFICATE: "its certificate or its encryption is not to be trusted",
    Reason.ADDRESS: "it leads to an address of this machine or of a private network, or not to https:"
    " set allow_private where a private address is meant",
    Reason.REDIRECTED: "it leads elsewhere, where no message is sent: set the address that it should have",
    Reason.REFUSED: "the other side does not accept the credentials: issue new ones",
    Reason.GONE: "there is no such address, or nobody takes messages there any more",
    Reason.REJECTED: "the other side does not take it",
    Reason.INVALID: "the message or a secret of the channel is not of the form it should be",
    Reason.EXPIRED: "its time had passed",
    Reason.UNHEARD: "it is the end of what the channel never took the beginning of",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side has taken the message; `thread` is what it knows it by."""

    status_code: int | None = None
    thread: str | None = None


class NotSent(Exception):
    """The other side has not taken the message, or may not have."""

    def __init__(
        self,
        reason: Reason,
        *,
        status_code: int | None = None,
        retry_after_seconds: float | None = None,
        missing: str = "",
    ) -> None:
        """`missing` is what settings refer to and is not there."""
        where = f"{missing} is not there, or may not be read, where this command runs"
        super().__init__(where if missing else reason.sentence)
        self.reason = reason
        self.status_code = status_code
        self.retry_after_seconds = retry_after_seconds


class Channel(Protocol):
    """One channel, its secrets resolved."""

    def send(self, message: Message, root: str | None) -> Sent:
        """Send one message within a minute; `root` is the thread of its incident's first here.

        NotSent where it was not taken: its words are ours, and neither it nor what it comes from holds a secret.
        """
        ...
