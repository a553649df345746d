"""A job of a million records, browsed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support.browser import Person, Watch, Window, log_in_by_hand
from support.mill_shell import SOURCE, GristmillShell
from support.million import JOB
from support.people import PASSWORD
from support.serving import Server, serving
from support.shell import TESTS, unmeasured

EMAIL = "many@example.org"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without workers, whose first user has a job of a million records."""
    shell = GristmillShell(tmp_path_factory.mktemp("full"), is_measured=False)
    with serving(shell, "--port", "0", "--workers", "0") as server:
        user = server.join(EMAIL)
        # In a process of its own, where coverage does not follow a million rows.
        command = [sys.executable, "-m", "support.million", str(shell.folder / "home"), user["id"]]
        subprocess.run(command, env=unmeasured() | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}"}, check=True)
        yield server


def test_a_million_records_are_browsed_filtered_searched_and_marked(full: Server, page: Page, watch: Watch) -> None:
    window = Window(page=page, server=full, watch=watch)
    window.go("/login")
    log_in_by_hand(window, Person(EMAIL, PASSWORD))
    window.go(f"/jobs/{JOB}/records")
    window.sees(re.compile("1,000,000 accepted"))
    rows = page.locator("#results .rows tr")
    expect(rows.first).to_contain_text("0")
    shown = rows.count()
    window.press("Load more")
    expect(rows).not_to_have_count(shown)
    window.fill(From_slot="999990")
    expect(rows.first).to_contain_text("999,990")
    # What nobody says is looked for to the end, here through the last fifth.
    window.fill(From_slot="800000")
    window.fill(Text="nothing says this")
    window.sees(re.compile("No accepted record is like that|Nothing more is found"), seconds=60)
    window.go(f"/jobs/{JOB}/records?field.number=765432")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("765,432")
    rows.first.get_by_role("link").first.click()
    window.sees(re.compile("Slot 765,432"))
    window.press("Mark bad")
    window.sees("The marks are kept")
    window.go(f"/jobs/{JOB}/records?mark=bad")
    expect(rows).to_have_count(1)
