"""A real browser before a real server with a worker; whatever it complains of fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from support.browser import Watch, Window, sign_up_by_hand
from support.chromium import FLAGS, find_chromium
from support.mill_shell import GristmillShell
from support.serving import Server, serving
from support.tour import SETTINGS


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], playwright: Playwright) -> dict[str, Any]:
    """The browser of this machine."""
    return {**browser_type_launch_args, "executable_path": find_chromium(playwright), "args": list(FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A reader of English in Berlin."""
    return {**browser_context_args, "locale": "en-US", "timezone_id": "Europe/Berlin"}


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> GristmillShell:
    """Where the server of most tests lives."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "gristmill.toml").write_text(SETTINGS)
    return GristmillShell(folder)


@pytest.fixture(scope="session")
def site(shell: GristmillShell) -> Iterator[Server]:
    """A server with one worker, whose first user is its admin."""
    with serving(shell, "--port", "0", "--workers", "1") as server:
        server.join("admin@example.org")
        yield server


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
