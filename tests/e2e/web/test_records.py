"""Records walked through by single keys, and seeds that are dropped onto a page."""

import re

from playwright.sync_api import expect

from support.browser import ROWS, Window, await_status, order

COUNT_CLICKS = """() => {
  window.clicks = 0;
  document.addEventListener("click", () => window.clicks++, {capture: true});
}"""
DROP = """(text) => {
  const files = new DataTransfer();
  files.items.add(new File([text], "dropped.jsonl"));
  const at = document.querySelector("#upload");
  for (const type of ["dragenter", "dragover", "drop"])
    at.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: files}));
}"""


def test_records_are_moved_between_chosen_marked_and_opened_by_single_keys(window: Window) -> None:
    job = order(window, 4)
    await_status(window, "completed")
    window.go(f"{job}/records")
    keyboard, rows = window.page.keyboard, window.page.locator("#results .rows tr")
    expect(rows).to_have_count(4)
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("g")
    expect(rows.nth(1).locator("td.mark")).to_have_text("good")
    keyboard.press("j")
    keyboard.press("x")
    keyboard.press("k")
    keyboard.press("k")
    keyboard.press("x")
    keyboard.press("b")
    expect(rows.nth(0).locator("td.mark")).to_have_text("bad")
    expect(rows.nth(2).locator("td.mark")).to_have_text("bad")
    expect(rows.nth(3).locator("td.mark")).to_have_text("")
    window.go(f"{job}/records?mark=good")
    expect(rows).to_have_count(1)
    keyboard.press("j")
    keyboard.press("Enter")
    window.sees("Slot 1")


def test_single_keys_stay_off_once_they_are_turned_off(window: Window) -> None:
    job = order(window, 3)
    await_status(window, "completed")
    window.go(f"{job}/records/0")
    keys, keyboard = window.page.get_by_label("Keys:"), window.page.keyboard
    keys.uncheck()
    window.go(f"{job}/records/1")
    expect(keys).not_to_be_checked()
    # A key presses a link or a button at once, if it does anything.
    window.page.evaluate(COUNT_CLICKS)
    keyboard.press("j")
    keyboard.press("g")
    assert window.page.evaluate("window.clicks") == 0
    keys.check()
    keyboard.press("j")
    window.sees("Slot 2")


def test_a_file_is_dropped_and_sent(window: Window) -> None:
    window.go("/seeds")
    window.page.evaluate(DROP, ROWS.decode())
    window.press("Upload")
    window.page.wait_for_url(re.compile(r"/seeds/[0-9a-f]{8,}"))
    window.sees("dropped.jsonl")
    window.sees("60")
