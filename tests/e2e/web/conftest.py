"""A real browser before a real server with a worker; whatever it complains of fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from support.browser import Watch, Window, sign_up_by_hand
from support.chromium import FLAGS, find_chromium
from support.mill_shell import GristmillShell
from support.serving import Server, serving
from support.tour import SETTINGS


# The plugin's own browser lives as long as the run, and with it an event loop in the thread of the tests: no test could
# open one of its own after it. So a browser lives as long as a module here.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of the browser."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser of this machine."""
    browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def browser_context_args() -> dict[str, Any]:
    """A reader of English in Berlin."""
    return {"locale": "en-US", "timezone_id": "Europe/Berlin"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one worker, whose first user is its admin."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "gristmill.toml").write_text(SETTINGS)
    with serving(GristmillShell(folder, is_measured=False), "--port", "0", "--workers", "1") as server:
        server.join("admin@example.org")
        yield server


# Two cores are shared with whatever else is tested: what a page does at once may take a while here.
expect.set_options(timeout=20_000)


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    """What the browser complains of: nothing, but what a test said it would."""
    watch = Watch()
    watch.look_at(context)
    yield watch
    watch.must_be_quiet()


@pytest.fixture
def newcomer(site: Server, page: Page, watch: Watch) -> Window:
    """A window of somebody who has no account yet."""
    return Window(page=page, server=site, watch=watch)


@pytest.fixture
def window(newcomer: Window, request: pytest.FixtureRequest) -> Window:
    """A window of somebody new, logged in."""
    name = f"{abs(hash(request.node.nodeid)):x}@example.org"
    newcomer.person = sign_up_by_hand(newcomer, name)
    return newcomer
