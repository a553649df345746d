"""Mail over SMTP, sent one after the other by a task of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from typing import Literal

import aiosmtplib
import structlog

from gristmill.ports.mailer import Mail

MOST_WAITING = 1_000
SEND_SECONDS = 30.0
# What may still be sent when the server stops.
LAST_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """A mail server. `tls` is how the line is kept private: `starttls` begins in the open, `tls` from the start."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["starttls", "tls", "none"] = "starttls"


class SmtpMailer:
    """`ports.mailer.Mailer`. A mail that cannot be sent is tried once more, then dropped with a line in the log."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        self._waiting = asyncio.Queue[Mail | None](MOST_WAITING)

    def post(self, mail: Mail) -> None:
        try:
            self._waiting.put_nowait(mail)
        except asyncio.QueueFull:
            structlog.get_logger().error("mail_dropped", reason="too many are waiting")

    async def send_all(self) -> None:
        """Send what is posted until `end`."""
        while (mail := await self._waiting.get()) is not None:
            await self._send(mail)

    async def end(self) -> None:
        """Let `send_all` return once it has sent what waits."""
        await self._waiting.put(None)

    async def _send(self, mail: Mail) -> None:
        for is_last in (False, True):
            try:
                await self._send_once(mail)
            except (aiosmtplib.SMTPException, OSError, ValueError, MessageError) as error:
                # Not its words: servers repeat the address in them.
                structlog.get_logger().warning("mail_failed", error=type(error).__name__, is_last=is_last)
            else:
                return

    async def _send_once(self, mail: Mail) -> None:
        smtp = self._smtp
        await aiosmtplib.send(
            compose(smtp.sender, mail),
            # By itself it would mail whomever it reads out of the header.
            recipients=[mail.to],
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.user or None,
            password=smtp.password or None,
            use_tls=smtp.tls == "tls",
            start_tls=smtp.tls == "starttls",
            timeout=SEND_SECONDS,
        )


def compose(sender: str, mail: Mail) -> EmailMessage:
    """The mail as it is sent. Raises ValueError or MessageError for an address that no header can hold."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message.set_content(mail.text)
    return message


@asynccontextmanager
async def open_smtp(smtp: Smtp) -> AsyncIterator[SmtpMailer]:
    """A mailer that sends; at the end what waits is sent for a few more seconds."""
    mailer = SmtpMailer(smtp)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(mailer.send_all())
        try:
            yield mailer
        finally:
            await _finish(mailer, sending)


async def _finish(mailer: SmtpMailer, sending: "asyncio.Task[None]") -> None:
    try:
        async with asyncio.timeout(LAST_SECONDS):
            await mailer.end()
            await asyncio.wait({sending})
    except TimeoutError:
        structlog.get_logger().error("mail_dropped", reason="the server stopped")
        sending.cancel()
