"""The server killed while a page is open: the page says so, and goes on by itself."""

import re
import signal
from pathlib import Path

from playwright.sync_api import Page, expect

from support.browser import Watch, Window, accepted, await_status, download_records, order, sign_up_by_hand
from support.mill_shell import GristmillShell
from support.serving import reach, start
from support.tour import SETTINGS

RECORDS = 200


def test_a_page_recovers_when_its_server_was_killed_and_started_again(page: Page, watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "gristmill.toml").write_text(SETTINGS)
    shell = GristmillShell(tmp_path, is_measured=False)
    for words in (
        "ERR_CONNECTION_REFUSED",
        "ERR_INCOMPLETE_CHUNKED_ENCODING",
        "ERR_CONNECTION_RESET",
        "ERR_EMPTY",
        "htmx:sse:error",
    ):
        watch.expect(words)
    with reach(start(shell, "--port", "0", "--workers", "1"), tmp_path / "console") as server:
        window = Window(page=page, server=server, watch=watch)
        sign_up_by_hand(window, "steady@example.org")
        order(window, RECORDS, model="balanced")
        await_status(window, "running")
        expect(page.locator("#job-now .big strong").first).not_to_have_text("0", timeout=30_000)
        before = accepted(window)
        server.kill(signal.SIGKILL)
        server.end()
        window.sees(re.compile("Reconnecting"))
        again = start(shell, "--port", server.url.rpartition(":")[2], "--workers", "1", name="again")
        with reach(again, tmp_path / "again"):
            expect(page.get_by_text(re.compile("Reconnecting"))).to_be_hidden(timeout=30_000)
            await_status(window, "completed", seconds=90)
            assert accepted(window) == RECORDS > before
            assert len(download_records(window)) == RECORDS
