"""Pictures of every page, each in light, in dark and at phone width.

`python -m support.pictures FOLDER` writes them as WebP, a third as large as PNG; with `png` behind it as that.
"""

import base64
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from support.chromium import FLAGS, find_chromium
from support.mill_shell import GristmillShell
from support.people import PASSWORD
from support.serving import Server, serving
from support.tour import EMAIL, NEWCOMER, NOBODY, SETTINGS, Stop, settle_in

# Streams and charts have come by then.
SETTLED_MS = 1_500
TALLEST = 1_600
QUALITY = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a reader's browser is set up."""

    name: str
    scheme: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """Where pictures are kept, and of what kind they are: webp or png."""

    folder: Path
    kind: str


LOOKS = (
    Look(name="light", scheme="light", width=1280, height=800),
    Look(name="dark", scheme="dark", width=1280, height=800),
    Look(name="phone", scheme="light", width=360, height=740),
)


def take_pictures(folder: Path, kind: str = "webp") -> None:
    """Write `PAGE-LOOK.KIND` for every page and look."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, _server(Path(home)) as server, _browser() as browser:
        stops = settle_in(server)
        for look in LOOKS:
            _walk(browser, server, stops, look, Album(folder=folder, kind=kind))


@contextmanager
def open_windows(browser: Browser, server: Server, look: Look) -> Iterator[Mapping[str, Page]]:
    """A browser's window of each who goes on the tour, logged in."""
    with ExitStack() as stack:
        pages = {who: stack.enter_context(open_context(browser, look)).new_page() for who in (NOBODY, EMAIL, NEWCOMER)}
        for who in (EMAIL, NEWCOMER):
            log_in(pages[who], server, who)
        yield pages


def open_context(browser: Browser, look: Look) -> BrowserContext:
    """A browser of its own, set up for a look."""
    return browser.new_context(
        locale="en-US",
        timezone_id="Europe/Berlin",
        color_scheme="dark" if look.scheme == "dark" else "light",
        viewport={"width": look.width, "height": look.height},
    )


def log_in(page: Page, server: Server, email: str = EMAIL) -> None:
    """Log in as somebody who has used the server, or is new there."""
    page.goto(f"{server.url}/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{server.url}/")


def _walk(browser: Browser, server: Server, stops: Sequence[Stop], look: Look, album: Album) -> None:
    with open_windows(browser, server, look) as windows:
        for stop in stops:
            shown = windows[stop.who]
            shown.goto(f"{server.url}{stop.path}")
            shown.wait_for_timeout(SETTLED_MS)
            height = min(TALLEST, int(shown.evaluate("document.documentElement.scrollHeight")))
            shown.set_viewport_size({"width": look.width, "height": max(look.height, height)})
            _take(shown, album.folder / f"{stop.name}-{look.name}.{album.kind}")
            shown.set_viewport_size({"width": look.width, "height": look.height})


def _take(page: Page, path: Path) -> None:
    # Playwright itself writes no WebP.
    session = page.context.new_cdp_session(page)
    kind = {"format": path.suffix[1:], **({"quality": QUALITY} if path.suffix == ".webp" else {})}
    path.write_bytes(base64.b64decode(session.send("Page.captureScreenshot", kind)["data"]))
    session.detach()


@contextmanager
def _server(home: Path) -> Iterator[Server]:
    (home / "gristmill.toml").write_text(SETTINGS)
    with serving(GristmillShell(home, is_measured=False), "--port", "0", "--workers", "1") as server:
        yield server


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=list(FLAGS))
        yield browser
        browser.close()


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]), *sys.argv[2:])
