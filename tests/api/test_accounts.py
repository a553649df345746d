"""Accounts over HTTP: signed up for, logged in to, kept, and given up."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from support.api import Api, join, letters, log_in, open_api, problem
from support.api_accounts import BusyStore, accounts_with, clock_after, rules_with, with_key
from support.people import PASSWORD

ANN = "ann@example.org"
OTHER = "another long password"

# A whole request to each endpoint that asks for no credential.
OPEN = {
    "/auth/signup": {"email": ANN, "password": PASSWORD},
    "/auth/verify": {"token": "gmv_x"},
    "/auth/login": {"email": ANN, "password": PASSWORD},
    "/auth/refresh": {"refresh_token": "gmr_x"},
    "/auth/password/forgot": {"email": ANN},
    "/auth/password/reset": {"token": "gmp_x", "password": OTHER},
}


@pytest.fixture
def nobody(client: TestClient) -> Api:
    return Api(client, {})


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Nobody, at a server on which nothing changes."""
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("quiet"), patch) as client:
        join(client, "admin@example.org")
        yield Api(client, {})


@pytest.fixture(scope="module")
def resident(quiet: Api) -> Api:
    """Somebody there."""
    return join(quiet.client, "resident@example.org")


def tokens(nobody: Api, password: str = PASSWORD, email: str = ANN) -> Any:
    return nobody.made("/auth/login", {"email": email, "password": password})


def bearer(nobody: Api, access: str) -> Api:
    return Api(nobody.client, {"Authorization": f"Bearer {access}"})


def test_an_account_is_signed_up_for_verified_and_entered(nobody: Api) -> None:
    signed_up = nobody.post("/auth/signup", {"email": " Ann@Example.org", "password": PASSWORD})
    assert (signed_up.status_code, signed_up.json()) == (202, {"message": "Open the link that was mailed to you."})
    verified = nobody.made("/auth/verify", {"token": letters(nobody.client).token()})
    assert (verified["email"], verified["role"], verified["disabled_at"]) == (ANN, "admin", None)
    entered = tokens(nobody)
    assert (entered["token_type"], entered["expires_in"]) == ("bearer", 900)
    me = bearer(nobody, entered["access_token"]).get("/auth/me").json()
    assert me == verified
    assert me["limits"] == {"budget_usd": None, "running_jobs": None}


def test_nobody_learns_whether_an_address_is_known(ann: Api) -> None:
    nobody = Api(ann.client, {})
    for path in ("/auth/signup", "/auth/password/forgot"):
        answers = [nobody.post(path, {**OPEN[path], "email": email}) for email in (ANN, "eve@example.org")]
        assert {answer.status_code for answer in answers} == {202}
        assert answers[0].json() == answers[1].json()
    wrong = [nobody.post("/auth/login", {"email": email, "password": OTHER}) for email in (ANN, "zoe@example.org")]
    assert len({problem(answer, 401, "unauthenticated")["detail"] for answer in wrong}) == 1


def test_only_the_known_address_is_mailed_a_way_back_in(ann: Api) -> None:
    mails = letters(ann.client).mails
    before = len(mails)
    for email in ("eve@example.org", ANN):
        ann.made("/auth/password/forgot", {"email": email})
    assert [mail.to for mail in mails[before:]] == [ANN]


def test_an_address_that_is_not_confirmed_opens_nothing(nobody: Api) -> None:
    nobody.made("/auth/signup", OPEN["/auth/signup"])
    refused = problem(nobody.post("/auth/login", OPEN["/auth/login"]), 403, "forbidden")
    assert "Confirm your e-mail address" in refused["detail"]


def test_an_account_that_was_disabled_opens_nothing(admin: Api, ann: Api) -> None:
    user = ann.get("/auth/me").json()["id"]
    assert admin.ask("PATCH", f"/admin/users/{user}", json={"disabled": True}).json()["disabled_at"]
    problem(ann.get("/auth/me"), 401, "unauthenticated")
    assert "ask an admin" in problem(ann.post("/auth/login", OPEN["/auth/login"]), 403, "forbidden")["detail"]
    assert admin.ask("PATCH", f"/admin/users/{user}", json={"disabled": False}).json()["disabled_at"] is None
    log_in(ann.client, ANN)


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_login(ann: Api) -> None:
    first = tokens(Api(ann.client, {}))
    second = ann.made("/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert len({*first.values(), *second.values()}) == 6
    assert bearer(ann, second["access_token"]).get("/auth/me").status_code == 200
    problem(ann.post("/auth/refresh", {"refresh_token": first["refresh_token"]}), 401, "unauthenticated")
    problem(bearer(ann, second["access_token"]).get("/auth/me"), 401, "unauthenticated")
    problem(ann.post("/auth/refresh", {"refresh_token": second["refresh_token"]}), 401, "unauthenticated")
    assert ann.get("/auth/me").status_code == 200


def test_a_refresh_token_that_is_none_opens_nothing(resident: Api) -> None:
    access = resident.headers["Authorization"].removeprefix("Bearer ")
    for token in ("", "gmr_x", access, "\x00", "' OR 1=1 --"):
        problem(resident.post("/auth/refresh", {"refresh_token": token}), 401, "unauthenticated")


def test_logging_out_ends_one_login_with_all_its_tokens(ann: Api) -> None:
    pair = tokens(ann)
    left = bearer(ann, pair["access_token"])
    assert left.post("/auth/logout").status_code == 204
    problem(left.get("/auth/me"), 401, "unauthenticated")
    problem(ann.post("/auth/refresh", {"refresh_token": pair["refresh_token"]}), 401, "unauthenticated")
    assert ann.get("/auth/me").status_code == 200


def test_a_key_does_nothing_that_needs_a_login(ann: Api) -> None:
    key = with_key(ann, "read", "write")
    change = {"current_password": PASSWORD, "password": OTHER}
    answers = (
        key.post("/auth/logout"),
        key.post("/auth/password", change),
        key.ask("DELETE", "/auth/me", json={"password": PASSWORD}),
        key.post("/auth/keys", {"name": "another"}),
    )
    for answer in answers:
        assert "needs a login" in problem(answer, 403, "forbidden")["detail"]


def test_a_forgotten_password_is_set_anew_by_a_link_that_is_good_once(ann: Api) -> None:
    ann.made("/auth/password/forgot", {"email": ANN})
    link = {"token": letters(ann.client).token(), "password": OTHER}
    assert (
        "10 to 1,024"
        in problem(ann.post("/auth/password/reset", {**link, "password": "short"}), 422, "bad_input")["detail"]
    )
    assert ann.post("/auth/password/reset", link).status_code == 204
    problem(ann.get("/auth/me"), 401, "unauthenticated")
    problem(ann.post("/auth/login", OPEN["/auth/login"]), 401, "unauthenticated")
    log_in(ann.client, ANN, OTHER)
    assert "ask for a new one" in problem(ann.post("/auth/password/reset", link), 422, "bad_input")["detail"]


def test_a_password_is_changed_and_every_other_login_ends(ann: Api) -> None:
    elsewhere = log_in(ann.client, ANN)
    change = {"current_password": PASSWORD, "password": OTHER}
    wrong = ann.post("/auth/password", {**change, "current_password": OTHER})
    assert "password is wrong" in problem(wrong, 401, "unauthenticated")["detail"]
    problem(ann.post("/auth/password", {**change, "password": ANN}), 422, "bad_input")
    assert ann.post("/auth/password", change).status_code == 204
    assert ann.get("/auth/me").status_code == 200
    problem(elsewhere.get("/auth/me"), 401, "unauthenticated")
    log_in(ann.client, ANN, OTHER)


def test_an_account_is_deleted_by_its_password_once_no_job_runs(ann: Api) -> None:
    job = ann.job()
    problem(ann.ask("DELETE", "/auth/me", json={"password": OTHER}), 401, "unauthenticated")
    busy = problem(ann.ask("DELETE", "/auth/me", json={"password": PASSWORD}), 409, "wrong_state")
    assert "job" in busy["detail"]
    assert ann.post(f"/jobs/{job}/cancel").is_success
    assert ann.ask("DELETE", "/auth/me", json={"password": PASSWORD}).status_code == 204
    problem(ann.get("/auth/me"), 401, "unauthenticated")
    problem(ann.post("/auth/login", OPEN["/auth/login"]), 401, "unauthenticated")


def test_the_last_admin_stays(admin: Api) -> None:
    refused = problem(admin.ask("DELETE", "/auth/me", json={"password": PASSWORD}), 409, "wrong_state")
    assert "admin" in refused["detail"]


def test_keys_are_made_listed_used_and_revoked(ann: Api) -> None:
    made = ann.post("/auth/keys", {"name": "nightly", "scopes": ["read"], "expires_at": "2099-01-01T00:00:00Z"})
    key = made.json()
    assert made.status_code == 201
    assert (key["name"], key["scopes"], key["last_used_at"]) == ("nightly", ["read"], None)
    assert key["key"].endswith(key["ending"])
    assert bearer(ann, key["key"]).get("/templates").status_code == 200
    (listed,) = ann.get("/auth/keys").json()["items"]
    assert "key" not in listed
    assert (listed["id"], listed["expires_at"]) == (key["id"], "2099-01-01T00:00:00Z")
    assert listed["last_used_at"] is not None
    assert ann.ask("DELETE", f"/auth/keys/{key['id']}").status_code == 204
    problem(bearer(ann, key["key"]).get("/templates"), 401, "unauthenticated")


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": ""},
        {"name": "\x00"},
        {"name": "n", "scopes": []},
        {"name": "n", "scopes": ["all"]},
        {"name": "n", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "n", "expires_at": "2099-01-01T00:00:00"},
        {"name": "n", "odd": 1},
    ],
    ids=str,
)
def test_a_key_that_cannot_be_is_refused(resident: Api, wanted: dict[str, Any]) -> None:
    answer = resident.post("/auth/keys", wanted)
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert resident.get("/auth/keys").json()["items"] == []


def test_a_key_may_no_more_than_who_makes_it(resident: Api) -> None:
    refused = resident.post("/auth/keys", {"name": "n", "scopes": ["admin"]})
    assert "more than you may" in problem(refused, 403, "forbidden")["detail"]


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize(
    "change",
    [{"odd": 1}, {"email": "none", "token": "", "refresh_token": 7}, {"password": None, "email": "a@b\x00"}],
    ids=str,
)
def test_what_is_no_such_request_is_refused_with_a_sentence(quiet: Api, path: str, change: dict[str, Any]) -> None:
    known = {name: value for name, value in change.items() if name in OPEN[path] or name == "odd"}
    if not known:
        known = dict.fromkeys(OPEN[path])
    answer = quiet.post(path, {**OPEN[path], **known})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"].endswith((".", "`."))


def test_a_link_that_is_none_verifies_nobody(quiet: Api) -> None:
    for token in ("", "gmv_x", "\x00"):
        assert "sign up again" in problem(quiet.post("/auth/verify", {"token": token}), 422, "bad_input")["detail"]


@pytest.mark.parametrize("path", OPEN)
def test_a_busy_store_lets_nobody_in(quiet: Api, path: str) -> None:
    with accounts_with(quiet.client, store=BusyStore()):
        problem(quiet.post(path, OPEN[path]), 503, "store_busy")


def test_where_signup_is_closed_an_admin_is_asked(quiet: Api) -> None:
    with rules_with(quiet.client, is_signup_open=False):
        assert "server's owner" in problem(quiet.post("/auth/signup", OPEN["/auth/signup"]), 403, "forbidden")["detail"]


def test_where_no_accounts_are_nobody_signs_up_and_whoever_asks_is_the_one_person(quiet: Api) -> None:
    with rules_with(quiet.client, auth="none"):
        assert quiet.get("/auth/me").json()["id"] == "local"
        problem(quiet.post("/auth/signup", OPEN["/auth/signup"]), 403, "forbidden")
        problem(quiet.post("/auth/logout"), 403, "forbidden")


THROTTLED = {"/auth/signup": 3, "/auth/login": 5, "/auth/password/forgot": 3}


@pytest.mark.parametrize("path", THROTTLED)
def test_whoever_tries_too_often_is_told_how_long_to_wait(nobody: Api, path: str) -> None:
    body = {**OPEN[path], **({"password": OTHER} if path == "/auth/login" else {})}
    for _ in range(THROTTLED[path]):
        assert nobody.post(path, body).status_code in {202, 401}
    answer = nobody.post(path, body)
    refused = problem(answer, 429, "throttled")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert f"again in {answer.headers['retry-after']} s" in refused["detail"]
    assert nobody.post(path, {**body, "email": "other@example.org"}).status_code in {202, 401}


def test_a_password_is_not_guessed_where_it_is_asked_for_once_more(ann: Api) -> None:
    for _ in range(5):
        problem(ann.ask("DELETE", "/auth/me", json={"password": OTHER}), 401, "unauthenticated")
    problem(ann.ask("DELETE", "/auth/me", json={"password": PASSWORD}), 429, "throttled")
    change = {"current_password": PASSWORD, "password": OTHER}
    problem(ann.post("/auth/password", change), 429, "throttled")


def test_no_answer_holds_a_password_or_its_hash(resident: Api) -> None:
    wrong = resident.post("/auth/login", {"email": ANN, "password": {"secret": PASSWORD}})
    assert wrong.status_code == 422
    assert PASSWORD not in wrong.text
    assert "argon2" not in resident.get("/auth/me").text


def test_an_access_token_is_good_for_fifteen_minutes(resident: Api) -> None:
    with accounts_with(resident.client, clock=clock_after(timedelta(minutes=14))):
        assert resident.get("/auth/me").status_code == 200
