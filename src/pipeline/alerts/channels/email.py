"""Mail by SMTP: text and HTML, in one thread an incident, encrypted unless the server is on this machine."""

import smtplib
import socket
import ssl
from contextlib import closing, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.alerts.addresses import connected, failure_of, is_loopback
from pipeline.alerts.channels.channel import NotSent, Reason, Sent
from pipeline.alerts.lines import MOST_ITEMS, data_age, left_out, lines_of, subject, web_address
from pipeline.alerts.message import Message
from pipeline.alerts.plain_text import plain
from pipeline.secret import Secret

__all__ = ["Email", "mail_of"]

_TEXT: Final = 1_000
_NAME: Final = 200
_TRANSIENT: Final = range(400, 500)
_CREDENTIALS: Final = (530, 534, 535, 538)


class Email:
    """One server, and those who are written to."""

    def __init__(
        self,
        host: str,
        port: int,
        security: Literal["starttls", "tls", "none"],
        sender: str,
        to: tuple[str, ...],
        *,
        login: tuple[str, Secret] | None = None,
        allow_private: bool = False,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._sender = sender
        self._to = to
        self._login = login
        self._allow_private = allow_private

    def send(self, message: Message, root: str | None) -> Sent:
        mail = mail_of(message, self._sender, self._to, root)
        failure = self._failure(mail)
        # Raised from here, where neither an error behind it nor a local value holds a secret.
        if failure is not None:
            raise failure
        return Sent(250, str(mail["Message-ID"]))

    def _failure(self, mail: EmailMessage) -> NotSent | None:
        try:
            with connected(self._host, self._port, allow_private=self._allow_private) as connection:
                self._converse(connection, mail)
        except smtplib.SMTPResponseException as error:
            return _answered(error.smtp_code)
        except smtplib.SMTPRecipientsRefused as error:
            # One who may be taken later is reason enough to try again.
            return _answered(min((code for code, _ in error.recipients.values()), default=550))
        except smtplib.SMTPNotSupportedError:
            return NotSent(Reason.CERTIFICATE)
        except smtplib.SMTPServerDisconnected:
            return NotSent(Reason.CONNECTION)
        except Exception as error:
            return failure_of(error)
        return None

    def _converse(self, connection: socket.socket, mail: EmailMessage) -> None:
        context = ssl.create_default_context()
        if self._security == "none" and not is_loopback(connection):
            raise NotSent(Reason.CERTIFICATE)
        if self._security == "tls":
            connection = context.wrap_socket(connection, server_hostname=self._host)
        client = _Client(connection, self._sender.rpartition("@")[2])
        with closing(client):
            client.connect(self._host, self._port)
            if self._security == "starttls":
                # A server that does not offer it is not spoken to.
                client.starttls(context=context)
            if self._login is not None:
                name, password = self._login
                client.login(name, password.reveal())
            client.send_message(mail, self._sender, self._to)
            # It has taken the mail, whatever it says to this.
            with suppress(smtplib.SMTPException, OSError):
                client.putcmd("quit")


class _Client(smtplib.SMTP):
    """Over a connection that is there already."""

    def __init__(self, connection: socket.socket, name: str) -> None:
        # It would ask the network for a name of this machine, and tell it.
        super().__init__(local_hostname=name)
        self._connection = connection

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del port, timeout
        # STARTTLS compares the certificate with it.
        self._host = host
        return self._connection


def mail_of(
    message: Message, sender: str, to: tuple[str, ...], root: str | None = None
) -> EmailMessage:
    """The mail. Its Message-ID is the same each time, so that a repetition is known for one."""
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = subject(message)
    mail["Date"] = format_datetime(message.decided_at)
    mail["Message-ID"] = f"<{sha256(message.message_id.encode()).hexdigest()[:32]}@{domain}>"
    # So that no out-of-office answers.
    mail["Auto-Submitted"] = "auto-generated"
    if root is not None:
        mail["In-Reply-To"] = root
        mail["References"] = root
    written = message.content.written
    mail.set_content("\n".join(lines_of(message)) + "\n" if written is None else written.text)
    mail.add_alternative(_page(message) if written is None else written.html, subtype="html")
    return mail


def _page(message: Message) -> str:
    environment = Environment(
        loader=PackageLoader("pipeline.alerts.channels", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = message.content
    links = [(plain(link.label, _NAME), web_address(link.url)) for link in content.links]
    return environment.get_template("mail.html.jinja").render(
        headline=subject(message),
        sentences=[plain(sentence, _TEXT) for sentence in content.sentences],
        items=[
            (plain(item.name, _NAME), plain(item.text, _TEXT), web_address(item.url))
            for item in content.items[:MOST_ITEMS]
        ],
        left_out=left_out(message, MOST_ITEMS),
        links=[(label, address) for label, address in links if address],
        data_age=data_age(message),
        silence_hint=plain(content.silence_hint, _TEXT),
    )


def _answered(code: int) -> NotSent:
    if code == 421 or code in _TRANSIENT:
        reason = Reason.RATE_LIMITED if code in (421, 450, 452) else Reason.SERVER_ERROR
    elif code in _CREDENTIALS:
        reason = Reason.REFUSED
    elif code in (550, 551, 553):
        reason = Reason.GONE
    elif code == -1:
        reason = Reason.CONNECTION
    else:
        reason = Reason.REJECTED
    return NotSent(reason, status_code=code if code > 0 else None)
