"""Every page, as a reader in the light, in the dark and on a phone meets it: nothing in the way, nothing too heavy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from support.browser import Watch, serious_violations
from support.mill_shell import GristmillShell
from support.pictures import LOOKS, Look, open_windows
from support.serving import Server, serving
from support.tour import SETTINGS, Stop, settle_in

# Bytes of bodies over the wire for a page that is opened for the first time.
LIGHT, EDITOR = 100_000, 400_000
EDITORS = {"template", "template-new"}
SETTLED_MS = 250


@dataclass(frozen=True, slots=True)
class Tour:
    """A server on which somebody made a few things, and where they are."""

    server: Server
    stops: Sequence[Stop]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    folder = tmp_path_factory.mktemp("tour")
    (folder / "gristmill.toml").write_text(SETTINGS)
    with serving(GristmillShell(folder), "--port", "0", "--workers", "1") as server:
        yield Tour(server, settle_in(server))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_no_page_has_a_serious_fault_for_those_who_see_or_point_otherwise(
    tour: Tour, browser: Browser, look: Look
) -> None:
    faults, widths = {}, {}
    for stop, page in walk(tour, browser, look):
        widths[stop.name] = page.evaluate("document.documentElement.scrollWidth")
        if found := serious_violations(page):
            faults[stop.name] = found
    assert faults == {}
    assert {name: width for name, width in widths.items() if width > look.width} == {}


def test_no_page_is_heavy(tour: Tour, browser: Browser) -> None:
    taken: list[float] = []
    weights = {}
    for stop, page in walk(tour, browser, LOOKS[0], taken):
        weights[stop.name] = round(sum(taken))
        assert weights[stop.name] > 0, page.url
        taken.clear()
    most = {name: EDITOR if name in EDITORS else LIGHT for name in weights}
    assert {name: weight for name, weight in weights.items() if weight > most[name]} == {}


def walk(tour: Tour, browser: Browser, look: Look, taken: list[float] | None = None) -> Iterator[tuple[Stop, Page]]:
    """Each page in turn; a browser that complains of one fails the test.

    With `taken` the browser keeps nothing, and the bytes of bodies that came over the wire are added there.
    """
    with open_windows(browser, tour.server, look) as windows:
        watch = Watch(expected=["/nothing-here"])
        for page in windows.values():
            watch.look_at(page.context)
            if taken is not None:
                weigh(page, taken)
        for stop in tour.stops:
            page = windows[stop.who]
            page.goto(f"{tour.server.url}{stop.path}")
            page.wait_for_timeout(SETTLED_MS)
            yield stop, page
        watch.must_be_quiet()


def weigh(page: Page, taken: list[float]) -> None:
    """Add up what comes over the wire for somebody whose browser keeps nothing."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.dataReceived", lambda data: taken.append(data["encodedDataLength"]))
