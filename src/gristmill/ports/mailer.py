"""Letters to people."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain text to one address. Its text may carry a link that lets somebody in: it is never logged."""

    to: str
    subject: str
    text: str = field(repr=False)


class Mailer(Protocol):
    """Takes mail. Whoever posts learns nothing of its delivery, and does not wait for it.

    So the time of an answer does not tell whether a mail was sent, which would tell whether an address is known.
    """

    def post(self, mail: Mail) -> None:
        """Take the mail and return at once; it is sent soon, if it can be. Never raises."""
        ...
