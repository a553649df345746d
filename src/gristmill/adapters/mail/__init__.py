"""Mail: sent over SMTP, or shown on the server's console where none is set."""

from gristmill.adapters.mail.console import ConsoleMailer
from gristmill.adapters.mail.smtp import Smtp, SmtpMailer, open_smtp

__all__ = ["ConsoleMailer", "Smtp", "SmtpMailer", "open_smtp"]
