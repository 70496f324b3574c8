"""Messages on the output of the command that delivers: to try things out, and for logs that others collect."""

from typing import TextIO

from pipeline.alerts.channels.channel import Sent
from pipeline.alerts.lines import lines_of
from pipeline.alerts.message import Message

__all__ = ["Stdout"]


class Stdout:
    """Writes each message as plain lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, message: Message, root: str | None) -> Sent:
        del root
        # At once: other channels run beside it.
        self._stream.write("\n".join(lines_of(message)) + "\n\n")
        self._stream.flush()
        return Sent()
