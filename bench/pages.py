"""The pages in a real browser: first paint, bytes over the wire, and the server's CPU for a page and for a live one."""

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.lab import show
from support.chromium import FLAGS, find_chromium
from support.mill_shell import GristmillShell
from support.pictures import LOOKS, log_in, open_context
from support.serving import Server, serving
from support.tour import SETTINGS, Stop, settle_in

TIMES = 7
RUNNING = "job-running"
# What a browser takes for a page of a few words, just then: other work on the machine slows both.
BARE = "/healthz"
WATCHED_MS = 10_000
SETTLED_MS = 300
PAINTED = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1"""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """A page opened once by a browser that keeps nothing: milliseconds to its first paint, bytes over the wire."""

    paint: float
    bytes: float


def measure(folder: Path) -> None:
    """Every page of somebody who has used a server for a while, then one live page that is watched."""
    (folder / "gristmill.toml").write_text(SETTINGS)
    with (
        serving(GristmillShell(folder, is_measured=False), "--port", "0", "--workers", "1") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=list(FLAGS))
        stops = {stop.name: stop for stop in settle_in(server)}
        running = stops.pop(RUNNING)
        # What a worker and a browser take from each other is not the page's.
        server.post(f"{running.path}/pause")
        for stop in stops.values():
            _show_page(browser, server, stop)
        server.post(f"{running.path}/resume")
        _show_page(browser, server, running)
        _show_watched(browser, server, running)
        browser.close()


def _show_page(browser: Browser, server: Server, stop: Stop) -> None:
    bare, loads, cpu = [], [], 0.0
    with open_context(browser, LOOKS[0]) as context:
        page = context.new_page()
        if stop.who:
            log_in(page, server, stop.who)
            # The first page's own scripts come after it was painted.
            page.wait_for_load_state("networkidle")
        for _ in range(TIMES):
            bare.append(_load(page, f"{server.url}{BARE}"))
            before = _cpu_ms(server)
            loads.append(_load(page, f"{server.url}{stop.path}"))
            cpu += _cpu_ms(server) - before
    show(
        stop.name,
        paint_ms=statistics.median(load.paint for load in loads),
        bare_ms=statistics.median(load.paint for load in bare),
        worst_ms=max(load.paint for load in loads),
        kilobytes=max(load.bytes for load in loads) / 1e3,
        cpu_ms=cpu / TIMES,
    )


def _load(page: Page, url: str) -> Load:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    taken: list[float] = []
    session.on("Network.loadingFinished", lambda data: taken.append(data["encodedDataLength"]))
    page.goto(url)
    page.wait_for_timeout(SETTLED_MS)
    painted = float(page.evaluate(PAINTED))
    session.detach()
    return Load(painted, sum(taken))


def _show_watched(browser: Browser, server: Server, running: Stop) -> None:
    """What one more reader of a running job costs: the server's CPU with them, less that without."""
    with open_context(browser, LOOKS[0]) as context:
        page = context.new_page()
        log_in(page, server)
        page.goto("about:blank")
        alone = _spell(page, server)
        page.goto(f"{server.url}{running.path}")
        page.wait_for_timeout(SETTLED_MS)
        watched = _spell(page, server)
    show("a live job, each second", cpu_ms=(watched - alone) / (WATCHED_MS / 1e3))


def _spell(page: Page, server: Server) -> float:
    before = _cpu_ms(server)
    page.wait_for_timeout(WATCHED_MS)
    return _cpu_ms(server) - before


def _cpu_ms(server: Server) -> float:
    """CPU time of the server's own process, in milliseconds (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS * 1e3
