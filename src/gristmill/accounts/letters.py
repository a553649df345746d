"""What people are written. Whoever did not ask is told that they need do nothing."""

from urllib.parse import urlencode

from gristmill.ports.mailer import Mail

_END = "\n\nIf this was not you, you need do nothing.\n"


def verify_letter(to: str, secret: str, public_url: str) -> Mail:
    """The link that verifies an address."""
    link = _link(public_url, "verify", secret)
    text = f"Somebody signed up for Gristmill with this address. To confirm it, open within two days:\n\n{link}{_END}"
    return Mail(to=to, subject="Confirm your e-mail address", text=text)


def known_letter(to: str, public_url: str) -> Mail:
    """Told to somebody who signs up again; whoever typed the address learns nothing from the answer."""
    text = (
        "Somebody signed up for Gristmill with this address, which has an account already. To log in, or to choose a"
        f" new password, go to:\n\n{public_url.rstrip('/')}{_END}"
    )
    return Mail(to=to, subject="You have an account already", text=text)


def reset_letter(to: str, secret: str, public_url: str) -> Mail:
    """The link that lets somebody choose a new password."""
    link = _link(public_url, "reset", secret)
    text = f"To choose a new password for Gristmill, open within an hour:\n\n{link}{_END}"
    return Mail(to=to, subject="Choose a new password", text=text)


def _link(public_url: str, page: str, secret: str) -> str:
    return f"{public_url.rstrip('/')}/{page}?{urlencode({'token': secret})}"
