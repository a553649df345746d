"""Mail for a server without SMTP: whoever sees its console is its owner, and passes links on."""

from typing import TextIO

from gristmill.ports.mailer import Mail


class ConsoleMailer:
    """`ports.mailer.Mailer` that writes to a terminal; it never reaches a log file."""

    def __init__(self, console: TextIO) -> None:
        self._console = console

    def post(self, mail: Mail) -> None:
        self._console.write(f"\nTo {mail.to}: {mail.subject}\n{mail.text}\n")
        self._console.flush()
