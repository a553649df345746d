"""What admins see to, by the pages."""

import pytest

from gristmill.web.routes import admin as routes
from support.web import Visitor, text_of


def id_of(visitor: Visitor) -> str:
    return str(visitor.api.get("/auth/me").json()["id"])


@pytest.mark.parametrize("path", ["/admin/users", "/admin/users/someone", "/admin/audit"])
def test_only_an_admin_sees_it(ann: Visitor, path: str) -> None:
    answer = ann.get(path)
    assert answer.status_code == 403
    assert "Only an admin may see this page." in text_of(answer)
    assert 'href="/admin/users"' not in ann.get("/settings").text


def test_users_are_listed_and_looked_for(admin: Visitor, ann: Visitor, bob: Visitor) -> None:
    page = admin.page("/admin/users")
    assert "admin@example.org you" in page
    assert "ann@example.org" in page
    found = admin.page("/admin/users?q=ANN@")
    assert "ann@example.org" in found
    assert "bob@example.org" not in found
    assert "No address holds “nobody”" in admin.page("/admin/users?q=nobody")


def test_a_long_list_goes_on(admin: Visitor, ann: Visitor, bob: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PAGE", 2)
    page = admin.get("/admin/users?q=example").text
    link = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "bob@example.org" not in page
    assert "bob@example.org" in admin.get(link).text
    assert admin.get("/admin/users?cursor=none").status_code == 422


def test_a_user_is_given_limits_and_shut_out(admin: Visitor, ann: Visitor) -> None:
    path = f"/admin/users/{id_of(ann)}"
    assert "ann@example.org" in admin.page(path)
    form = {"role": "user", "budget": "2.50", "running": "3"}
    assert admin.done(path, form) == f"{path}?done=user-changed"
    assert ann.api.get("/auth/me").json()["limits"] == {"budget_usd": "2.50", "running_jobs": 3}
    assert 'value="2.50"' in admin.get(path).text
    admin.done(path, {**form, "disabled": "yes"})
    assert ann.get("/settings").status_code == 303
    assert "disabled" in admin.page("/admin/users")
    admin.done(path, {"role": "admin"})
    assert "admin" in admin.page(path)


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"role": "user", "budget": "much"}, 422, "Write US dollars in digits"),
        ({"role": "user", "running": "0"}, 422, "Write a whole number from 1"),
        ({"role": "king"}, 422, "Choose a role."),
    ],
)
def test_a_change_that_cannot_be_says_why_and_keeps_what_was_typed(
    admin: Visitor, ann: Visitor, form: dict[str, str], status: int, words: str
) -> None:
    answer = admin.post(f"/admin/users/{id_of(ann)}", form)
    assert answer.status_code == status
    assert words in text_of(answer)
    assert f'value="{form.get("budget", "")}"' in answer.text


def test_the_last_admin_stays_one(admin: Visitor) -> None:
    path = f"/admin/users/{id_of(admin)}"
    for form in ({"role": "user"}, {"role": "admin", "disabled": "yes"}):
        answer = admin.post(path, form)
        assert answer.status_code == 409
        assert "The user was not changed" in text_of(answer)


def test_a_user_who_is_not_there_is_not_found(admin: Visitor) -> None:
    assert admin.get("/admin/users/nobody").status_code == 404
    assert admin.post("/admin/users/nobody", {"role": "user"}).status_code == 404


def test_the_log_tells_who_did_what_and_is_filtered(admin: Visitor, ann: Visitor) -> None:
    admin.done(f"/admin/users/{id_of(ann)}", {"role": "user", "budget": "1"})
    page = admin.page("/admin/audit")
    assert "user.changed" in page
    assert "budget_usd 1.00" in page
    assert "admin@example.org" in page
    filtered = admin.page(f"/admin/audit?action=user.changed&subject={id_of(ann)}")
    assert "session.opened" not in filtered
    assert "user.changed ann@example.org" in filtered
    assert "No line is like that" in admin.page("/admin/audit?action=nothing")
    assert "session.opened" in admin.page(f"/admin/audit?user={id_of(ann)}")


def test_the_log_goes_on_with_older_lines(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PAGE", 1)
    page = admin.get("/admin/audit").text
    link = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert admin.get(link).status_code == 200
    assert admin.get("/admin/audit?cursor=none").status_code == 422
