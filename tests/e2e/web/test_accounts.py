"""Getting in and out by a real browser."""

from playwright.sync_api import expect

from support.browser import Window, log_in_by_hand, serious_violations, sign_up_by_hand


def test_somebody_signs_up_logs_out_and_logs_in_again(newcomer: Window) -> None:
    person = sign_up_by_hand(newcomer, "anna@example.org")
    newcomer.press("Log out")
    newcomer.sees("You are logged out.")
    log_in_by_hand(newcomer, person)
    newcomer.sees("Make your first dataset")


def test_a_wrong_password_is_told_and_the_address_stays(window: Window) -> None:
    window.watch.expect("401")
    window.press("Log out")
    window.fill(E_mail_address="somebody@example.org", Password="not the password")
    window.press("Log in")
    window.sees("The e-mail address or the password is wrong.")
    expect(window.page.get_by_label("E-mail address")).to_have_value("somebody@example.org")
    assert serious_violations(window.page) == []
