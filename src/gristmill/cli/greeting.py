"""What a server says when it is up: where it is, where its data lies, and how people get in."""

from collections.abc import Iterator

from gristmill.cli.terminal import count, say
from gristmill.wiring.accounts import auth_of
from gristmill.wiring.places import show_url
from gristmill.wiring.settings import Settings


def greet(settings: Settings, url: str, *, workers: int, has_users: bool) -> None:
    """Say it, on stderr."""
    say(f"Gristmill serves on {url} with {count(workers, 'worker')}. Ctrl-C ends it.")
    for name, words in _lines(settings, url, has_users=has_users):
        say(f"  {name:<8} {words}")


def _lines(settings: Settings, url: str, *, has_users: bool) -> Iterator[tuple[str, str]]:
    yield "API", f"{settings.public_url or url}/api/v1/docs"
    yield "data", f"{show_url(settings.store_url)}, {settings.blobs_url}"
    if auth_of(settings) == "none":
        yield "people", "whoever is on this machine, without an account (auth is none:)"
        return
    yield "people", _people(settings, has_users=has_users)
    smtp = settings.smtp
    yield "mail", f"sent by {smtp.host}" if smtp.host else "shown here, for smtp.host is not set: pass its links on"


def _people(settings: Settings, *, has_users: bool) -> str:
    if not has_users:
        return "nobody yet: the first to sign up and open the mailed link becomes the admin"
    return "they may sign up" if settings.signup == "open" else "sign-up is closed"
