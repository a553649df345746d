"""What admins do over HTTP: see to users, and read who did what."""

from collections.abc import Iterator
from typing import Any

import pytest

from gristmill.jobs.cursors import write_cursor
from support.api import Api, join, open_api, problem


@pytest.fixture(scope="module")
def chief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("server"), patch) as client:
        chief = join(client, "chief@example.org")
        for name in ("ann", "bob", "eve"):
            join(client, f"{name}@example.org")
        yield chief


def user_of(chief: Api, text: str) -> str:
    (found,) = chief.get("/admin/users", params={"q": text}).json()["items"]
    return str(found["id"])


def patch_user(chief: Api, user: str, change: Any) -> Any:
    return chief.ask("PATCH", f"/admin/users/{user}", json=change)


def pages(who: Api, path: str, **query: Any) -> list[Any]:
    """All items, asked for two at a time."""
    items, cursor = [], None
    while True:
        page = who.get(path, params={"limit": 2, **query, **({"cursor": cursor} if cursor else {})}).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items
        assert len(page["items"]) == 2


def test_an_admin_finds_users_page_by_page(chief: Api) -> None:
    emails = [user["email"] for user in pages(chief, "/admin/users")]
    assert emails == [f"{name}@example.org" for name in ("chief", "ann", "bob", "eve")]
    assert [user["email"] for user in pages(chief, "/admin/users", q="ANN@")] == ["ann@example.org"]
    for text in ("%", "_", "' OR 1=1 --", "é"):
        assert pages(chief, "/admin/users", q=text) == []


def test_an_admin_changes_a_users_role_and_limits(chief: Api) -> None:
    bob = user_of(chief, "bob")
    assert patch_user(chief, bob, {"role": "admin"}).json()["role"] == "admin"
    limits = {"budget_usd": "12.5", "running_jobs": 2}
    changed = patch_user(chief, bob, {"role": "user", "limits": limits}).json()
    assert (changed["role"], changed["limits"]) == ("user", {"budget_usd": "12.50", "running_jobs": 2})
    assert patch_user(chief, bob, {}).json() == changed
    without = patch_user(chief, bob, {"limits": {"budget_usd": None, "running_jobs": None}}).json()
    assert without["limits"] == {"budget_usd": None, "running_jobs": None}


@pytest.mark.parametrize(
    "change",
    [
        {"role": "owner"},
        {"limits": {"budget_usd": "1"}},
        {"limits": {"budget_usd": "-1", "running_jobs": None}},
        {"limits": {"budget_usd": "0.0000000001", "running_jobs": None}},
        {"limits": {"budget_usd": "NaN", "running_jobs": None}},
        {"limits": {"budget_usd": 2**63, "running_jobs": None}},
        {"limits": {"budget_usd": None, "running_jobs": 0}},
        {"limits": {"budget_usd": None, "running_jobs": 2**63}},
        {"disabled": "perhaps"},
        {"email": "eve@example.org"},
        [],
    ],
    ids=str,
)
def test_a_change_of_a_user_that_cannot_be_is_refused(chief: Api, change: Any) -> None:
    problem(patch_user(chief, user_of(chief, "eve"), change), 422, "invalid_request")


def test_a_user_who_is_not_there_is_not_found(chief: Api) -> None:
    for user in ("nobody", "' OR 1=1 --", "%00", "é"):
        problem(patch_user(chief, user, {"role": "user"}), 404, "not_found")


def test_nobody_shuts_out_themselves_or_the_last_admin(chief: Api) -> None:
    own = user_of(chief, "chief")
    assert "yourself" in problem(patch_user(chief, own, {"disabled": True}), 409, "wrong_state")["detail"]
    assert "admin" in problem(patch_user(chief, own, {"role": "user"}), 409, "wrong_state")["detail"]


def test_the_audit_log_says_who_did_what_newest_first(chief: Api) -> None:
    bob = user_of(chief, "bob")
    answer = patch_user(chief, bob, {"limits": {"budget_usd": "3", "running_jobs": 1}})
    lines = pages(chief, "/admin/audit", action="user.changed", subject=bob)
    newest = lines[0]
    assert (newest["user"], newest["subject"]) == (user_of(chief, "chief"), bob)
    assert newest["fields"] == {"budget_usd": "3.00", "running_jobs": 1}
    assert newest["request_id"] == answer.headers["x-request-id"]
    assert [line["sequence"] for line in lines] == sorted((line["sequence"] for line in lines), reverse=True)
    everything = pages(chief, "/admin/audit")
    assert {"user.signed_up", "user.verified", "session.opened", "user.changed"} <= {
        line["action"] for line in everything
    }
    assert "@example.org" not in str(everything)
    for which in ({"user": "nobody"}, {"action": "' OR 1=1 --"}, {"subject": "%"}):
        assert pages(chief, "/admin/audit", **which) == []


@pytest.mark.parametrize("path", ["/admin/users", "/admin/audit"])
def test_a_query_that_cannot_be_is_refused(chief: Api, path: str) -> None:
    for query in ({"limit": 0}, {"limit": 201}, {"limit": 2**63}, {"limit": "x"}, {"q": "x" * 300, "user": "x" * 300}):
        problem(chief.get(path, params=query), 422, "invalid_request")
    problem(chief.get(path, params={"q": "\x00", "action": "\x00"}), 422, "bad_input")
    for cursor in (
        "",
        "!",
        "AAAA",
        "bm9ib2R5",
        "OTk5OTk5OTk5OTk5OTk5OTk5OTk",
        "x" * 2000,
        write_cursor("users", -1),
        "é",
    ):
        problem(chief.get(path, params={"cursor": cursor}), 422, "invalid_cursor")
