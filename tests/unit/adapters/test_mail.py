"""Mail reaches a real server, waits for nobody, and a server that fails hurts nobody."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP

from gristmill.adapters.mail import ConsoleMailer, Smtp, open_smtp
from gristmill.ports.mailer import Mail

MAIL = Mail(to="ada@example.org", subject="Über uns", text="To confirm: http://127.0.0.1/verify?token=gmv_x\n")


@dataclass(slots=True)
class Inbox:
    """An aiosmtpd handler that keeps what it gets, after refusing so many."""

    refuse: int = 0
    got: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuse:
            self.refuse -= 1
            return "451 later"
        self.got.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


@asynccontextmanager
async def receiving(inbox: Inbox) -> AsyncIterator[Smtp]:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox, hostname="here"), "127.0.0.1", 0)
    async with server:
        yield Smtp(host="127.0.0.1", port=server.sockets[0].getsockname()[1], sender="mill@example.org", tls="none")


async def test_mail_is_sent_whole_before_the_server_ends() -> None:
    inbox = Inbox()
    async with receiving(inbox) as smtp, open_smtp(smtp) as mailer:
        mailer.post(MAIL)
    ((recipients, content),) = inbox.got
    message = message_from_bytes(content, policy=policy.default)
    assert recipients == [MAIL.to]
    assert (message["From"], message["To"], message["Subject"]) == ("mill@example.org", MAIL.to, MAIL.subject)
    assert message.get_content().replace("\r\n", "\n") == MAIL.text


async def test_a_mail_that_is_refused_once_is_sent_again_and_twice_is_dropped() -> None:
    inbox = Inbox(refuse=3)
    async with receiving(inbox) as smtp, open_smtp(smtp) as mailer:
        mailer.post(MAIL)
        mailer.post(Mail(to="eve@example.org", subject="s", text="t"))
    assert [recipients for recipients, _ in inbox.got] == [["eve@example.org"]]


async def test_a_server_that_is_not_there_keeps_nobody_waiting() -> None:
    async with receiving(Inbox()) as smtp:
        pass
    async with asyncio.timeout(5), open_smtp(smtp) as mailer:
        mailer.post(MAIL)


def test_without_a_server_the_link_stands_on_the_console() -> None:
    console = io.StringIO()
    ConsoleMailer(console).post(MAIL)
    assert "To ada@example.org: Über uns" in console.getvalue()
    assert "token=gmv_x" in console.getvalue()
    assert "gmv_x" not in repr(MAIL)
