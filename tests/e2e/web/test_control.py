"""A job taken in hand from its page: stopped, short of money, paused, left alone, and found again."""

import re

import pytest
from playwright.sync_api import Browser, expect

from support.browser import (
    Window,
    accepted,
    await_status,
    download_records,
    log_in_by_hand,
    order,
    sign_up_by_hand,
)
from support.serving import Server

COUNT_MESSAGES = """window.told = [];
document.addEventListener("htmx:sse:after:message", () => window.told.push(performance.now()));"""
# Two calls at a time, a fifth of a second each.
SLOW = "balanced"
# A dollar for a thousand tokens.
PRICED = "premium"


def running(window: Window, records: int = 600) -> str:
    """A job's page once records come in."""
    job = order(window, records, model=SLOW)
    await_status(window, "running")
    expect(window.page.locator("#job-now .big strong").first).not_to_have_text("0", timeout=30_000)
    return job


def money(window: Window, name: str) -> float:
    """A sum that the job's page shows, in dollars."""
    text = window.page.locator(".money-key div", has_text=name).locator("dd").first.inner_text()
    return float(text.replace("$", "").replace(",", ""))


def test_a_cancelled_job_keeps_what_it_made(window: Window) -> None:
    running(window)
    window.page.once("dialog", lambda dialog: dialog.accept())
    window.press("Cancel")
    await_status(window, "cancelled")
    made = accepted(window)
    assert 0 < made < 600
    window.sees(re.compile("You cancelled it at"))
    assert len(download_records(window)) == made


def test_a_question_that_is_denied_stops_nothing(window: Window) -> None:
    running(window)
    window.page.once("dialog", lambda dialog: dialog.dismiss())
    window.press("Cancel")
    expect(window.page.locator("#job-head .badge")).to_have_text("running")


def test_a_job_stops_within_its_budget_and_goes_on_with_more(window: Window) -> None:
    order(window, 200, model=PRICED, budget="2")
    await_status(window, "budget exhausted")
    made, billed = accepted(window), money(window, "Billed")
    assert 0 < made < 200
    assert 0 < billed <= 2
    window.fill(New_budget="40")
    window.press("Top up and go on")
    await_status(window, "completed")
    assert accepted(window) == 200
    assert billed < money(window, "Billed") <= 40
    assert len(download_records(window)) == 200


def test_a_job_is_paused_and_resumed(window: Window) -> None:
    running(window, 120)
    window.press("Pause")
    await_status(window, "paused")
    made = accepted(window)
    assert 0 < made < 120
    window.press("Resume")
    await_status(window, "completed")
    assert len(download_records(window)) == 120


def test_a_job_goes_on_while_nobody_looks(window: Window, browser: Browser, site: Server) -> None:
    job = running(window, 60)
    assert window.person is not None
    window.page.context.close()
    with browser.new_context(locale="en-US") as context:
        window.watch.look_at(context)
        later = Window(page=context.new_page(), server=site, watch=window.watch)
        later.go(job)
        # Whoever is not known yet is led to the login, and from there to where they wanted to be.
        log_in_by_hand(later, window.person)
        assert job in later.page.url
        await_status(later, "completed")
        assert len(download_records(later)) == 60


def test_however_busy_a_job_is_its_page_is_sent_four_updates_a_second_at_most(window: Window) -> None:
    window.page.add_init_script(COUNT_MESSAGES)
    order(window, 1_500)
    await_status(window, "completed")
    told = window.page.evaluate("window.told")
    assert len(told) > 2
    # One at once, and one at the end; what lies between keeps its distance.
    assert len(told) - 2 <= 4 * (told[-1] - told[0]) / 1_000


def test_a_page_that_follows_a_job_sees_nothing_more_once_its_login_has_ended(window: Window) -> None:
    window.watch.expect("401")
    order(window, 40, model="scripted:demo?latency=3")
    await_status(window, "running")
    # From another tab.
    window.page.request.post(f"{window.server.url}/logout", headers={"Sec-Fetch-Site": "same-origin"})
    expect(window.page).to_have_title("Log in · Gristmill")


def test_nobody_sees_or_reaches_what_is_anothers(window: Window, browser: Browser, site: Server) -> None:
    job = order(window, 4)
    await_status(window, "completed")
    download_records(window)
    download = str(window.page.get_by_role("link", name=re.compile("^Download")).first.get_attribute("href"))
    template = str(window.page.locator("#job-head a[href^='/templates/']").first.get_attribute("href")).partition("?")[
        0
    ]
    window.go("/seeds")
    seeds = str(window.page.locator("table a[href^='/seeds/']").first.get_attribute("href"))
    pages = [job, f"{job}/records", f"{job}/records/0", f"{job}/exports", f"{job}/statistics", f"{job}/live"]
    pages += [download, template, f"{template}/versions", f"{template}/source", seeds, f"{seeds}/rows/1"]
    assert {path: window.status_of(path) for path in pages if not path.endswith("/live")} == {
        path: 200 for path in pages if not path.endswith("/live")
    }
    with browser.new_context(locale="en-US") as context:
        other = Window(page=context.new_page(), server=site, watch=window.watch)
        sign_up_by_hand(other, "other@example.org")
        assert {path: other.status_of(path) for path in pages} == dict.fromkeys(pages, 404)
        for list_of in ("/jobs", "/templates", "/seeds", "/"):
            # A starter may well be about facts: what is listed stands in tables.
            assert "facts" not in " ".join(other.go(list_of).locator("main table").all_inner_texts())
        for deed in ("pause", "cancel", "delete", "top-up", "exports", "marks"):
            answer = other.page.request.post(f"{site.url}{job}/{deed}", headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status == 404, deed
        for page in (template, seeds):
            answer = other.page.request.post(f"{site.url}{page}/delete", headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status == 404, page
        assert other.status_of("/admin/users") == 403
    assert window.status_of(job) == 200


@pytest.mark.parametrize("path", ["/", "/jobs", "/templates", "/seeds", "/settings", "/admin/users", "/jobs/new"])
def test_who_is_not_logged_in_is_led_to_the_login(newcomer: Window, path: str) -> None:
    page = newcomer.go(path)
    expect(page).to_have_title("Log in · Gristmill")
