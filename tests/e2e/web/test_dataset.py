"""From nothing to a dataset, as different people do it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.browser import (
    FACTS,
    ROWS,
    Watch,
    Window,
    await_status,
    bring_seeds,
    download_records,
    keep_template,
    sign_up_by_hand,
)
from support.people import PASSWORD
from support.serving import Server

RECORDS = 40


def test_somebody_makes_a_dataset_without_reading_documentation(newcomer: Window) -> None:
    sign_up_by_hand(newcomer, "first@example.org")
    newcomer.sees("Make your first dataset")
    template = keep_template(newcomer)
    bring_seeds(newcomer)
    newcomer.sees("60")
    newcomer.go(template)
    newcomer.press("New job from it")
    choose(newcomer.page.get_by_label("Seeds of the records"), "products.jsonl")
    newcomer.fill(Records=str(RECORDS))
    newcomer.sees("Cost, likely")
    newcomer.press("Start job")
    newcomer.sees("The job is ordered.")
    await_status(newcomer, "completed")
    newcomer.sees(f"All {RECORDS} records are made")
    records = download_records(newcomer)
    assert len(records) == RECORDS
    assert all(set(record) == {"product", "fact"} for record in records)


def choose(select: Locator, words: str) -> None:
    """Choose the option whose text begins so."""
    option = select.locator("option", has_text=words).first
    select.select_option(value=option.get_attribute("value"))


@pytest.fixture
def plain_page(browser: Browser, site: Server) -> Iterator[Page]:
    """A page of a browser that runs no scripts."""
    watch = Watch()
    with browser.new_context(java_script_enabled=False, locale="en-US") as context:
        watch.look_at(context)
        yield context.new_page()
    watch.must_be_quiet()


def test_a_dataset_is_made_without_scripts(site: Server, plain_page: Page) -> None:
    window = Window(page=plain_page, server=site, watch=Watch())
    sign_up_by_hand(window, "plain@example.org")
    window.go("/templates/new")
    window.page.get_by_label("Source of the template").fill(FACTS)
    window.press("Save template")
    template = urlsplit(window.page.url).path.rpartition("/")[2]
    seeds = bring_seeds(window).rpartition("/")[2]
    window.go(f"/jobs/new?template={template}&seeds={seeds}")
    window.fill(Records=str(RECORDS))
    window.page.locator("button.no-scripts", has_text="Estimate").click()
    window.sees("Cost, likely")
    window.press("Start job")
    # The page loads itself again until the job has ended.
    expect(window.page.locator("#job-head .badge")).to_have_text("completed", timeout=60_000)
    assert len(download_records(window)) == RECORDS


def test_a_dataset_is_made_by_keyboard_alone(newcomer: Window) -> None:
    hand = Keyboard(newcomer)
    newcomer.go("/signup")
    hand.fill("E-mail address", "keys@example.org")
    hand.fill("Password", PASSWORD)
    hand.press("Sign up")
    newcomer.go(f"/verify?token={newcomer.server.mailed_token()}")
    hand.press("Confirm my address")
    hand.fill("E-mail address", "keys@example.org")
    hand.fill("Password", PASSWORD)
    hand.press("Log in")
    hand.press("Templates")
    hand.press("New template")
    hand.reach("Source of the template, in YAML")
    newcomer.page.keyboard.press("Control+A")
    newcomer.page.keyboard.insert_text(FACTS)
    newcomer.page.keyboard.press("Control+S")
    newcomer.sees("The template is saved.")
    hand.press("Seeds")
    with newcomer.page.expect_file_chooser() as chooser:
        hand.open("File")
    chooser.value.set_files({"name": "rows.jsonl", "mimeType": "application/jsonl", "buffer": ROWS})
    hand.press("Upload")
    newcomer.page.wait_for_url(re.compile(r"/seeds/[0-9a-f]{8,}"))
    hand.press("New job")
    hand.choose("Template", "facts")
    expect(newcomer.page.get_by_label("Seeds of the records")).to_be_visible()
    hand.choose("Seeds of the records", "rows")
    hand.fill("Records", str(RECORDS))
    hand.press("Start job")
    await_status(newcomer, "completed")
    hand.press("Exports")
    hand.press("Export")
    newcomer.sees("The export is made.")
    with newcomer.page.expect_download() as download:
        hand.open("Download")
    assert len(download.value.path().read_text("utf-8").splitlines()) == RECORDS


class Keyboard:
    """Somebody who has no mouse: everything is reached by Tab."""

    def __init__(self, window: Window) -> None:
        self._page = window.page

    def reach(self, name: str) -> None:
        """Press Tab until what has the focus is called so."""
        self._page.wait_for_load_state()
        seen = []
        for _ in range(90):
            self._page.keyboard.press("Tab")
            seen.append(self._page.evaluate(NAME_OF_FOCUS))
            if f"{seen[-1]} ".startswith(f"{name} "):
                return
        pytest.fail(f"Tab does not lead to {name!r}: {seen}")

    def fill(self, name: str, text: str) -> None:
        self.reach(name)
        self._page.keyboard.type(text)

    def press(self, name: str) -> None:
        """Press Enter on a button or link that leads to another page."""
        self.reach(name)
        with self._page.expect_navigation():
            self._page.keyboard.press("Enter")

    def open(self, name: str) -> None:
        """Press Enter on what opens or downloads something."""
        self.reach(name)
        self._page.keyboard.press("Enter")

    def choose(self, name: str, begin: str) -> None:
        """Choose the option that begins so, as people do: by typing it."""
        self.reach(name)
        self._page.keyboard.type(begin)


# What a screen reader would say first, near enough.
NAME_OF_FOCUS = r"""() => {
  const it = document.activeElement;
  const label = it.labels?.[0]?.innerText ?? it.getAttribute("aria-label") ?? it.innerText ?? "";
  return label.trim().replace(/\s+/g, " ").slice(0, 40);
}"""
