"""A page as it is answered: a template filled for its reader, under a policy that lets no foreign script run."""

import hashlib
import secrets
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gristmill.datasets.jsontext import clean
from gristmill.web.formats import formats_of

# What a page says once after something was done: the code stands in the address it leads to, the words here, so that
# no address can put words into our mouth.
NOTICE: Final = "done"
NOTICES: Final[Mapping[str, str]] = {
    "signed-up": "A link was mailed to you. Open it to confirm your address, then log in.",
    "verified": "Your address is confirmed. Log in.",
    "logged-out": "You are logged out.",
    "reset-mailed": "If the address has an account, a link to choose a new password was mailed to it.",
    "password-set": "Your new password is set, and every other login has ended. Log in.",
    "password-changed": "Your password is changed, and every other login has ended.",
    "account-deleted": "Your account is deleted.",
    "key-revoked": "The key is revoked.",
    "models-saved": "Your models are saved.",
    "user-changed": "The user is changed.",
    "template-saved": "Saved as a new version.",
    "template-same": "Nothing changed: this is the newest version already.",
    "template-made": "The template is saved.",
    "template-restored": "The old version is restored, as a new one.",
    "template-forked": "This is your own copy.",
    "template-published": "Everybody on this server can read and use it now.",
    "template-unpublished": "The template is private again.",
    "template-archived": "The template is archived.",
    "template-unarchived": "The template is out of the archive.",
    "template-deleted": "The template is deleted.",
    "seeds-kept": "The rows are stored.",
    "seeds-known": "You have brought exactly these rows before: this is that set.",
    "seeds-deleted": "The seed set is deleted.",
    "job-created": "The job is ordered. This page follows it.",
    "job-paused": "The job stops; calls in flight finish and are kept.",
    "job-cancelled": "The job stops for good; what it made is kept.",
    "job-resumed": "The job goes on.",
    "job-topped-up": "The budget is changed.",
    "job-extended": "The job makes more records.",
    "job-retried": "The records that were given up get another round of attempts.",
    "job-deleted": "The job is deleted; what it cost still counts.",
    "export-made": "The export is made.",
    "export-begun": "The export is being made; it appears below when it is done.",
    "marked": "The marks are kept; they go into exports made from now on.",
}


def render(request: Request, name: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """The page or fragment of a template.

    Besides `values` a template knows `request`, `f` (the reader's `Formats`), `me` (the principal, or None), `notice`,
    `asset(name)`, the address of a static file that may be cached for ever, `styles(name)`, what stands in a style
    sheet, `styles_nonce`, under which styles are taken, and `is_part`.
    """
    styles_nonce = secrets.token_urlsafe(16)
    html = (
        environment()
        .get_template(name)
        .render(
            request=request,
            f=formats_of(request),
            me=getattr(request.state, "principal", None),
            has_accounts=request.app.state.service.accounts.rules.auth != "none",
            notice=NOTICES.get(request.query_params.get(NOTICE, ""), ""),
            is_part=is_part(request),
            styles_nonce=styles_nonce,
            **values,
        )
    )
    # What a model wrote may hold half a letter, which no page can.
    return HTMLResponse(clean(html), status_code=status, headers={"Content-Security-Policy": policy(styles_nonce)})


def fill(request: Request, name: str, /, **values: object) -> str:
    """The HTML of a fragment, for messages of a stream. It knows `f` and `asset` besides `values`."""
    return clean(environment().get_template(name).render(request=request, f=formats_of(request), **values))


def is_part(request: Request) -> bool:
    """Whether a script of ours asks for a part of a page."""
    return request.headers.get("hx-request") == "true"


def go_to(path: str, done: str = "") -> RedirectResponse:
    """Lead to a page of ours after a form was taken, where it says what was done."""
    assert not done or done in NOTICES, done  # noqa: S101 - a mistake of ours that a test must see
    address = f"{path}{'&' if '?' in path else '?'}{NOTICE}={done}" if done else path
    return RedirectResponse(address, status_code=303)


def policy(styles_nonce: str) -> str:
    """The Content-Security-Policy of a page: everything from here, no inline script, nothing framed."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'nonce-{styles_nonce}'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def environment() -> Environment:
    """Where templates of pages come from. Everything is escaped, and a name that is not there is our mistake."""
    made = Environment(
        loader=PackageLoader("gristmill.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    made.globals["version"] = version("gristmill")
    made.globals["asset"] = asset
    made.globals["styles"] = styles
    made.globals["has_scripts"] = has_scripts
    made.globals["icon"] = icon
    return made


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """The address of a static file, which changes with what is in it."""
    content = static_file(name)
    if content is None:
        return f"/static/{name}"
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


# Names come from outside: no more are remembered than there are files.
@lru_cache(maxsize=64)
def static_file(name: str) -> bytes | None:
    """A static file: written by hand in `assets`, or built by `npm run build` in `built`; None when there is none."""
    for folder in ("assets", "built"):
        found = files("gristmill.web").joinpath(folder, name)
        if "/" not in name and found.is_file():
            return found.read_bytes()
    return None


@cache
def has_scripts() -> bool:
    """Whether the scripts were built: without them pages work, plainer."""
    return static_file("begin.js") is not None


@cache
def styles(name: str) -> Markup:
    """What stands in a style sheet of ours."""
    css = static_file(name)
    assert css is not None, name  # noqa: S101 - a mistake of ours that a test must see
    return Markup(css.decode())  # noqa: S704 - a file of ours


@cache
def icon(name: str) -> Markup:
    """A small drawing, for the eye alone: what it stands for is said beside it."""
    svg = static_file(f"{name}.svg")
    assert svg is not None, name  # noqa: S101 - a mistake of ours that a test must see
    return Markup(svg.decode())  # noqa: S704 - a file of ours


def form_values(form: Mapping[str, Any], *names: str) -> dict[str, str]:
    """The texts a form brought, "" for what it lacks: as they were typed, to be shown again."""
    return {name: str(form.get(name, "")) for name in names}
