"""Every page, as a reader in the light, in the dark and on a phone meets it: nothing in the way, nothing too heavy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from support.browser import Watch, await_scripts, serious_violations
from support.mill_shell import GristmillShell
from support.pictures import LOOKS, Look, open_windows
from support.serving import serving
from support.tour import SETTINGS, settle_in

# Bytes over the wire for a page that is opened for the first time.
LEAST, LIGHT, EDITOR = 20_000, 100_000, 400_000
EDITORS = {"template", "template-new"}
SETTLED_MS = 250
# Scripts that were fetched before the page was painted, or a second had passed without that.
HASTY = """() => {
  const painted = Math.min(1000, ...performance.getEntriesByType("paint").map((one) => one.startTime));
  const scripts = performance.getEntriesByType("resource").filter((one) => new URL(one.name).pathname.endsWith(".js"));
  return scripts.filter((one) => one.startTime < painted).map((one) => new URL(one.name).pathname);
}"""
# Charts are drawn anew for another width, a frame later.
REDRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as a browser met it: the bytes it took, which scripts it fetched before it was painted, and by look its
    width and what is wrong with it.
    """

    taken: int
    hasty: Sequence[str]
    widths: Mapping[str, int]
    faults: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Tour:
    """Every page of a server on which somebody made a few things, and what the browser complained of."""

    pages: Mapping[str, Seen]
    watch: Watch


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Tour:
    folder = tmp_path_factory.mktemp("tour")
    (folder / "gristmill.toml").write_text(SETTINGS)
    shell = GristmillShell(folder, is_measured=False)
    with serving(shell, "--port", "0", "--workers", "1") as server:
        stops, watch, taken = settle_in(server), Watch(expected=["/nothing-here"]), list[float]()
        pages = {}
        with open_windows(browser, server, LOOKS[0]) as windows:
            for page in windows.values():
                watch.look_at(page.context)
                weigh(page, taken)
            for stop in stops:
                taken.clear()
                page = windows[stop.who]
                page.goto(f"{server.url}{stop.path}")
                await_scripts(page)
                page.wait_for_timeout(SETTLED_MS)
                pages[stop.name] = see(page, taken)
    return Tour(pages, watch)


def see(page: Page, taken: Sequence[float]) -> Seen:
    """What is there to see of a page that was opened, in one look after another."""
    bytes_taken, hasty, widths, faults = round(sum(taken)), page.evaluate(HASTY), {}, {}
    for look in LOOKS:
        page.emulate_media(color_scheme="dark" if look.scheme == "dark" else "light")
        page.set_viewport_size({"width": look.width, "height": look.height})
        page.evaluate(REDRAWN)
        widths[look.name] = page.evaluate("document.documentElement.scrollWidth")
        faults[look.name] = serious_violations(page)
    return Seen(taken=bytes_taken, hasty=hasty, widths=widths, faults=faults)


def weigh(page: Page, taken: list[float]) -> None:
    """Add up what comes over the wire for somebody whose browser keeps nothing."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda data: taken.append(data["encodedDataLength"]))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_no_page_has_a_serious_fault_for_those_who_see_or_point_otherwise(tour: Tour, look: Look) -> None:
    assert {name: seen.faults[look.name] for name, seen in tour.pages.items() if seen.faults[look.name]} == {}
    widths = {name: seen.widths[look.name] for name, seen in tour.pages.items()}
    assert {name: width for name, width in widths.items() if width > look.width} == {}


def test_no_page_is_heavy(tour: Tour) -> None:
    # The page itself and what each page has: nothing was left out.
    assert all(seen.taken > LEAST for seen in tour.pages.values())
    most = {name: EDITOR if name in EDITORS else LIGHT for name in tour.pages}
    assert {name: seen.taken for name, seen in tour.pages.items() if seen.taken > most[name]} == {}


def test_no_page_is_painted_later_for_its_scripts_but_one(tour: Tour) -> None:
    assert {script for seen in tour.pages.values() for script in seen.hasty} == {"/static/begin.js"}


def test_no_browser_complains_of_a_page(tour: Tour) -> None:
    tour.watch.must_be_quiet()
